/**
 * Ids of which the oldest are forgotten. Two generations, the older one dropped as a whole, so that forgetting costs
 * nothing per id (deleting the first key of a big Set again and again does): between half of `max` and all of them are
 * remembered.
 */
export class RecentIds {
  #young = new Set<string>()
  #old = new Set<string>()
  readonly #maxPerGeneration: number

  constructor(max: number) {
    this.#maxPerGeneration = Math.max(1, Math.floor(max / 2))
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }

  add(id: string): void {
    if (this.#young.size >= this.#maxPerGeneration) {
      this.#old = this.#young
      this.#young = new Set()
    }
    this.#young.add(id)
  }

  /** @returns whether it was there. */
  delete(id: string): boolean {
    const wasYoung = this.#young.delete(id)
    return this.#old.delete(id) || wasYoung
  }
}
