/** Reproducible: the seed is printed, and FUZZ_SEED brings the same run back. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.below(256)
    return bytes
  }
}

export function fuzzSeed(): number {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 32)
  console.log(`FUZZ_SEED=${seed}`)
  return seed
}

/** FUZZ_RUNS is for the frames; other targets have their share of it. */
export function fuzzRuns(share: number): number {
  return Math.ceil(Number(process.env.FUZZ_RUNS ?? 200_000) * share)
}
