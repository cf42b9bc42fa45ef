/**
 * A sum over the last 60 seconds in 60 buckets of one second: never lets more through than the limit in any 60
 * seconds, and forgets at most one second late.
 */
const BUCKETS = 60
const BUCKET_MS = 1000

export class SlidingWindow {
  readonly #sums = new Array<number>(BUCKETS).fill(0)
  #newest = 0
  #total = 0

  add(nowMs: number, amount: number): void {
    this.#advance(nowMs)
    const slot = this.#newest % BUCKETS
    this.#sums[slot] = (this.#sums[slot] ?? 0) + amount
    this.#total += amount
  }

  /** Corrects what was added at `thenMs`; too old to matter is ignored. */
  correct(nowMs: number, thenMs: number, amount: number): void {
    this.#advance(nowMs)
    const bucket = Math.floor(thenMs / BUCKET_MS)
    if (bucket <= this.#newest - BUCKETS || bucket > this.#newest) return
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
