import { createHash } from 'node:crypto'
import type { CheckVerdict } from './check.ts'

export interface VerdictCacheOptions {
  readonly maxEntries: number
  readonly ttlMs: number
  readonly now: () => number
}

/** Verdicts by the hash of their text, least recently used out first. The texts themselves are not kept. */
export class VerdictCache {
  readonly #options: VerdictCacheOptions
  readonly #entries = new Map<string, { verdict: CheckVerdict; until: number }>()

  constructor(options: VerdictCacheOptions) {
    this.#options = options
  }

  static keyOf(text: string): string {
    return createHash('sha256').update(text).digest('base64')
  }

  get(key: string): CheckVerdict | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    if (entry.until <= this.#options.now()) return undefined
    this.#entries.set(key, entry)
    return entry.verdict
  }

  set(key: string, verdict: CheckVerdict): void {
    const { maxEntries, ttlMs, now } = this.#options
    if (maxEntries === 0 || ttlMs === 0) return
    this.#entries.delete(key)
    this.#entries.set(key, { verdict, until: now() + ttlMs })
    if (this.#entries.size <= maxEntries) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  get size(): number {
    return this.#entries.size
  }
}
