interface Window {
  consumed: number
  untilMs: number
}

interface Bucket {
  excess: number
  lastMs: number
}

/** The counters of the limit plugins: APISIX's shared dicts. They outlive changes of the resources. */
export class LimitStore {
  readonly #windows = new Map<string, Window>()
  readonly #buckets = new Map<string, Bucket>()
  readonly #connections = new Map<string, number>()

  /** resty.limit.count: a window begins with its first request; `remaining` below 0 means rejected. */
  countDown(key: string, limit: number, windowSeconds: number): { remaining: number; resetSeconds: number } {
    const now = Date.now()
    let window = this.#windows.get(key)
    if (window === undefined || window.untilMs <= now) {
      window = { consumed: 0, untilMs: now + windowSeconds * 1000 }
      this.#windows.set(key, window)
      if (this.#windows.size > 10_000) this.#dropStale(now)
    }
    window.consumed += 1
    const first = window.consumed === 1
    return {
      remaining: limit - window.consumed,
      resetSeconds: first ? windowSeconds : (window.untilMs - now) / 1000,
    }
  }

  /** resty.limit.req: the delay in seconds, or undefined when the burst is used up. */
  leak(key: string, rate: number, burst: number): number | undefined {
    const now = Date.now()
    const bucket = this.#buckets.get(key)
    const excess =
      bucket === undefined
        ? 0
        : Math.max(bucket.excess - (rate * Math.abs(now - bucket.lastMs)) / 1000 + 1, 0)
    if (excess > burst) return undefined
    this.#buckets.set(key, { excess, lastMs: now })
    return excess / rate
  }

  /** resty.limit.conn: the number of requests now under way, or undefined above `conn + burst`. */
  enter(key: string, conn: number, burst: number): number | undefined {
    const open = (this.#connections.get(key) ?? 0) + 1
    if (open > conn + burst) return undefined
    this.#connections.set(key, open)
    return open
  }

  leave(key: string): void {
    const open = (this.#connections.get(key) ?? 1) - 1
    if (open <= 0) this.#connections.delete(key)
    else this.#connections.set(key, open)
  }

  #dropStale(now: number): void {
    for (const [key, window] of this.#windows) if (window.untilMs <= now) this.#windows.delete(key)
  }
}
