/** Entries of the cache, by scope. Every method is asynchronous, so that one store can serve several processes. */
export interface CacheStore {
  get(scope: string, key: string): Promise<CacheEntry | undefined>
  /**
   * The nearest entries of the same scope and context, nearest first. Entries of other contexts are never seen; those
   * with a lower cosine than `atLeast` may be left out.
   */
  nearest(
    scope: string,
    context: string,
    vector: Float32Array,
    count: number,
    atLeast?: number,
  ): Promise<readonly Candidate[]>
  /** Writes all of an entry or nothing; what the scope's limits leave no room for goes, least recently used first. */
  put(entry: CacheEntry, vector: Float32Array | undefined): Promise<void>
  /** An entry answered a request; keeps it from being the next to go. May be counted a little later. */
  used(scope: string, key: string, similarity: number): Promise<void>
  /** Equal misses at the same time: true for the first who asks, until `release` or `ttlMs` have passed. */
  claim(scope: string, key: string, ttlMs: number): Promise<boolean>
  isClaimed(scope: string, key: string): Promise<boolean>
  release(scope: string, key: string): Promise<void>
}

/**
 * A store in this process. What it has is there at once: a promise and its turn of the event loop would cost several
 * times as much as the look.
 */
export interface LocalCacheStore extends CacheStore {
  peek(scope: string, key: string): CacheEntry | undefined
  /** false: no entry of this context can be near anything, so that a vector need not be made. */
  holds(scope: string, context: string): boolean
}

export interface CacheEntry {
  readonly scope: string
  /** SHA-256 of the canonical request. */
  readonly key: string
  /** SHA-256 of the canonical request without the last user message. */
  readonly context: string
  /** The last user message, which the verifier compares; "" for entries that are matched exactly only. */
  readonly query: string
  readonly choices: readonly CachedChoice[]
  readonly model: string
  /** What the answer cost when it was made: what a hit saves. */
  readonly promptTokens: number
  readonly completionTokens: number
  readonly storedMs: number
  readonly expiresMs: number
}

export interface CachedChoice {
  readonly index: number
  readonly content: string
  /** As the model gave it before its answer; absent without. */
  readonly reasoning?: string
  readonly finishReason: string
}

export interface Candidate {
  readonly entry: CacheEntry
  /** Cosine. */
  readonly similarity: number
}

/** Of each scope, so that one tenant cannot push out the entries of another. */
export interface ScopeLimits {
  readonly maxEntries: number
  /** Of answers, questions and vectors as they are stored. */
  readonly maxBytes: number
}
