/** How many entries a search would look at, and how many the index has. */
export interface ContextSize {
  readonly context: number
  readonly index: number
}

export interface SearchPlanOptions {
  readonly dimensions: number
  /** A search that takes longer is worth a count of its context; default 1. */
  readonly slowMs?: number | undefined
  /** Counts; may take a few milliseconds of Redis. */
  readonly count: (tag: string) => Promise<ContextSize>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const SLOW_MS = 1
const COUNT_AGAIN_MS = 300_000
const MAX_TAGS = 10_000
/**
 * Comparing all vectors of a context costs its size times the dimension; walking the graph costs the more the rarer
 * the context is, because it drops what belongs to others. Measured with RediSearch 2.10 and 384 dimensions, both
 * take the same for a context of about 1,000 in 30,000 entries and 2,000 in 100,000.
 */
const EVEN = 15_000
const COMPARE = 'HYBRID_POLICY ADHOC_BF'
/** With RediSearch's own breadth of 10 the walk misses 2% of the hits at 100,000 entries; this costs 0.1 ms. */
const WALK = 'HYBRID_POLICY BATCHES EF_RUNTIME 40'

/**
 * Which of its two ways RediSearch takes to search a context. Left alone it compares all vectors of 15,000 entries in
 * 30,000, which takes 17 ms where the graph takes 0.3, and walks the graph for 1,000 in 100,000, 2.7 ms instead of
 * 0.6. A context is counted, behind the requests, once a search of it was slow.
 */
export class SearchPlan {
  readonly #options: SearchPlanOptions
  /** By last count, oldest first. */
  readonly #known = new Map<string, { readonly walks: boolean; readonly countedAt: number }>()
  #counting = false

  constructor(options: SearchPlanOptions) {
    this.#options = options
  }

  /** Attributes of the KNN clause. */
  attributesOf(tag: string): string {
    const known = this.#known.get(tag)
    return known ? (known.walks ? WALK : COMPARE) : ''
  }

  /** A search of the context took so long; counts it when that says something new. */
  took(tag: string, ms: number): void {
    const { now, slowMs = SLOW_MS } = this.#options
    const known = this.#known.get(tag)
    if (ms < slowMs || this.#counting || (known && now() - known.countedAt < COUNT_AGAIN_MS)) return
    this.#counting = true
    void this.#count(tag).finally(() => {
      this.#counting = false
    })
  }

  async #count(tag: string): Promise<void> {
    const { count, dimensions, now } = this.#options
    // A count that fails is made again after the next slow search.
    const size = await count(tag).catch(() => undefined)
    if (!size) return
    const walks = size.context ** 2 * dimensions > EVEN * size.index
    this.#known.delete(tag)
    this.#known.set(tag, { walks, countedAt: now() })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_TAGS && oldest !== undefined) this.#known.delete(oldest)
  }
}
