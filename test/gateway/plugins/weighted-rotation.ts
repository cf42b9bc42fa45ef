/** Takes values in turn, by weight: the roundrobin object of traffic-split. */
export class WeightedRotation<T> {
  readonly #entries: { readonly value: T; readonly weight: number; current: number }[]
  readonly #total: number

  constructor(entries: readonly { readonly value: T; readonly weight: number }[]) {
    this.#entries = entries.filter((entry) => entry.weight > 0).map((entry) => ({ ...entry, current: 0 }))
    this.#total = this.#entries.reduce((sum, entry) => sum + entry.weight, 0)
  }

  next(): T | undefined {
    if (this.#entries.length === 1) return this.#entries[0]?.value
    let best: { value: T; current: number } | undefined
    for (const entry of this.#entries) {
      entry.current += entry.weight
      if (best === undefined || entry.current > best.current) best = entry
    }
    if (best !== undefined) best.current -= this.#total
    return best?.value
  }
}
