/**
 * A sum over the last 60 seconds in buckets of one second: never lets more through than the limit in any 60 seconds,
 * and forgets at most one second late. Hence 61 buckets: a second that has only begun to leave still counts.
 */
const BUCKETS = 61
const BUCKET_MS = 1000

export class SlidingWindow {
  readonly #sums = new Array<number>(BUCKETS).fill(0)
  #newest = 0
  #total = 0

  /** Adds (or takes back) what happened at `thenMs`; what is too old to matter is ignored. */
  addAt(nowMs: number, thenMs: number, amount: number): void {
    this.#advance(nowMs)
    const bucket = Math.min(Math.floor(thenMs / BUCKET_MS), this.#newest)
    if (bucket <= this.#newest - BUCKETS) return
    this.#sums[bucket % BUCKETS] = (this.#sums[bucket % BUCKETS] ?? 0) + amount
    this.#total += amount
  }

  total(nowMs: number): number {
    this.#advance(nowMs)
    return this.#total
  }

  /** Milliseconds until at least `amount` has left the window. */
  msUntilFree(nowMs: number, amount: number): number {
    this.#advance(nowMs)
    let freed = 0
    for (let age = BUCKETS - 1; age >= 0; age--) {
      const bucket = this.#newest - age
      freed += this.#sums[((bucket % BUCKETS) + BUCKETS) % BUCKETS] ?? 0
      if (freed >= amount) return (bucket + BUCKETS) * BUCKET_MS - nowMs
    }
    return BUCKETS * BUCKET_MS
  }

  #advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS)
    if (bucket <= this.#newest) return
    const steps = Math.min(bucket - this.#newest, BUCKETS)
    for (let i = 0; i < steps; i++) {
      const slot = (bucket - i) % BUCKETS
      this.#total -= this.#sums[slot] ?? 0
      this.#sums[slot] = 0
    }
    this.#newest = bucket
  }
}
