/**
 * Tokens and requests of the last 60 seconds in buckets of one second. A bucket leaves 60 seconds after the newest thing
 * in it: so no more than the limit gets through in any 60 seconds, nobody waits longer than that, and what is older by
 * less than a second than the newest of its bucket leaves with it.
 */
const WINDOW_MS = 60_000
const BUCKET_MS = 1000
/** One more than fit the window: the oldest one is leaving. */
const BUCKETS = WINDOW_MS / BUCKET_MS + 1

type Kind = 'tokens' | 'requests'

export class SlidingWindow {
  readonly #sums = { tokens: zeros(), requests: zeros() }
  readonly #totals = { tokens: 0, requests: 0 }
  /** Time of the newest thing in each bucket. */
  readonly #newestMs = zeros()
  #newest = 0
  #lastMs = 0

  /** Adds (or takes back) what happened at `thenMs`; what is too old to matter is ignored. */
  addAt(nowMs: number, thenMs: number, tokens: number, requests: number): void {
    this.#advance(nowMs)
    const bucket = Math.min(Math.floor(thenMs / BUCKET_MS), this.#newest)
    const isTooOld = thenMs + WINDOW_MS <= nowMs || bucket <= this.#newest - BUCKETS
    if (isTooOld || (tokens === 0 && requests === 0)) return
    const slot = bucket % BUCKETS
    const sums = this.#sums
    sums.tokens[slot] = (sums.tokens[slot] ?? 0) + tokens
    sums.requests[slot] = (sums.requests[slot] ?? 0) + requests
    this.#totals.tokens += tokens
    this.#totals.requests += requests
    this.#newestMs[slot] = Math.max(this.#newestMs[slot] ?? 0, Math.min(thenMs, nowMs))
    this.#lastMs = Math.max(this.#lastMs, this.#newestMs[slot] ?? 0)
  }

  total(kind: Kind, nowMs: number): number {
    this.#advance(nowMs)
    return this.#totals[kind]
  }

  /** Milliseconds until at least `amount` has left the window. */
  msUntilFree(kind: Kind, nowMs: number, amount: number): number {
    this.#advance(nowMs)
    let freed = 0
    for (let bucket = this.#newest - BUCKETS + 1; bucket <= this.#newest; bucket++) {
      const slot = ((bucket % BUCKETS) + BUCKETS) % BUCKETS
      freed += this.#sums[kind][slot] ?? 0
      if (freed >= amount) return Math.max(1, (this.#newestMs[slot] ?? 0) + WINDOW_MS - nowMs)
    }
    return WINDOW_MS
  }

  /** Milliseconds until everything has left the window. */
  msUntilEmpty(nowMs: number): number {
    return Math.max(0, this.#lastMs + WINDOW_MS - nowMs)
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS)
    if (bucket > this.#newest) {
      const steps = Math.min(bucket - this.#newest, BUCKETS)
      for (let i = 0; i < steps; i++) this.#clear((bucket - i) % BUCKETS)
      this.#newest = bucket
    }
    const leaving = (this.#newest + 1) % BUCKETS
    if ((this.#newestMs[leaving] ?? 0) + WINDOW_MS <= nowMs) this.#clear(leaving)
  }

  #clear(slot: number): void {
    const sums = this.#sums
    this.#totals.tokens -= sums.tokens[slot] ?? 0
    this.#totals.requests -= sums.requests[slot] ?? 0
    sums.tokens[slot] = 0
    sums.requests[slot] = 0
    this.#newestMs[slot] = 0
  }
}

function zeros(): number[] {
  return new Array<number>(BUCKETS).fill(0)
}
