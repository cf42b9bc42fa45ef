import { createHash } from 'node:crypto'
import type { Embedder } from './embedder.ts'

/**
 * Remembers the last vectors by the SHA-256 of their text, so that a question asked again is not embedded
 * again and no prompt stays in memory. Bounded by entries: one costs about 4 bytes per dimension and 200 more.
 */
export class MemoryEmbedder implements Embedder {
  readonly identity: string
  readonly dimensions: number
  readonly #inner: Embedder
  readonly #maxEntries: number
  /** A Map keeps insertion order: the first key is the one unused for longest. */
  readonly #entries = new Map<string, Float32Array>()

  constructor(inner: Embedder, maxEntries = 1000) {
    this.identity = inner.identity
    this.dimensions = inner.dimensions
    this.#inner = inner
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#entries.size
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const keys = texts.map((text) => createHash('sha256').update(text).digest('base64'))
    const found = keys.map((key) => this.#get(key))
    const missing: string[] = []
    const places = new Map<string, number>()
    for (const [i, key] of keys.entries()) {
      const text = texts[i]
      if (found[i] !== undefined || text === undefined || places.has(key)) continue
      places.set(key, missing.length)
      missing.push(text)
    }
    if (missing.length === 0) return found.filter((vector) => vector !== undefined)
    const fresh = await this.#inner.embed(missing, signal)
    const result: Float32Array[] = []
    for (const [i, key] of keys.entries()) {
      const vector = found[i] ?? fresh[places.get(key) ?? -1]
      if (vector === undefined) continue
      this.#set(key, vector)
      result.push(vector)
    }
    return result
  }

  async close(): Promise<void> {
    this.#entries.clear()
    await this.#inner.close?.()
  }

  #get(key: string): Float32Array | undefined {
    const vector = this.#entries.get(key)
    if (vector !== undefined) this.#set(key, vector)
    return vector
  }

  #set(key: string, vector: Float32Array): void {
    this.#entries.delete(key)
    this.#entries.set(key, vector)
    if (this.#entries.size <= this.#maxEntries) return
    const oldest = this.#entries.keys().next().value
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
