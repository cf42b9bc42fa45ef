import type { CacheEntry, CacheStore, Candidate } from './cache-store.ts'

interface Kept {
  readonly entry: CacheEntry
  readonly vector: Float32Array | undefined
}

export interface MemoryCacheOptions {
  readonly maxEntries: number
  readonly now: () => number
}

/**
 * The embedded store. Exact matches by key; similarity by comparing with every entry of the same scope and context,
 * which is exact and quick for the few thousand entries that one process should hold. Least recently used goes first.
 */
export class MemoryCacheStore implements CacheStore {
  readonly #options: MemoryCacheOptions
  readonly #byKey = new Map<string, Kept>()
  readonly #byContext = new Map<string, Set<string>>()

  constructor(options: MemoryCacheOptions) {
    this.#options = options
  }

  async get(scope: string, key: string): Promise<CacheEntry | undefined> {
    const id = idOf(scope, key)
    const kept = this.#fresh(id)
    if (!kept) return undefined
    this.#byKey.delete(id)
    this.#byKey.set(id, kept)
    return kept.entry
  }

  async nearest(
    scope: string,
    context: string,
    vector: Float32Array,
    count: number,
  ): Promise<readonly Candidate[]> {
    const found: Candidate[] = []
    for (const id of this.#byContext.get(idOf(scope, context)) ?? []) {
      const kept = this.#fresh(id)
      if (kept?.vector) found.push({ entry: kept.entry, similarity: dot(kept.vector, vector) })
    }
    return found.sort((a, b) => b.similarity - a.similarity).slice(0, count)
  }

  async put(entry: CacheEntry, vector: Float32Array | undefined): Promise<void> {
    const id = idOf(entry.scope, entry.key)
    this.#drop(id)
    this.#byKey.set(id, { entry, vector })
    const context = idOf(entry.scope, entry.context)
    const ids = this.#byContext.get(context)
    if (ids) ids.add(id)
    else this.#byContext.set(context, new Set([id]))
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= this.#options.maxEntries) break
      this.#drop(oldest)
    }
  }

  #fresh(id: string): Kept | undefined {
    const kept = this.#byKey.get(id)
    if (kept && kept.entry.expiresMs <= this.#options.now()) {
      this.#drop(id)
      return undefined
    }
    return kept
  }

  #drop(id: string): void {
    const kept = this.#byKey.get(id)
    if (!kept) return
    this.#byKey.delete(id)
    const context = idOf(kept.entry.scope, kept.entry.context)
    const ids = this.#byContext.get(context)
    ids?.delete(id)
    if (ids?.size === 0) this.#byContext.delete(context)
  }
}

function idOf(scope: string, hash: string): string {
  return `${hash}:${scope}`
}

function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
