export interface Held {
  readonly tokens: number
  readonly picoUsd: bigint
  readonly reservedMs: number
  readonly expiresMs: number
}

/** What one consumer has reserved and not settled, with its sums kept, since every request asks for them. */
export class Holdings {
  readonly #held = new Map<string, Held>()
  #earliestExpiryMs = Number.POSITIVE_INFINITY
  #tokens = 0
  #picoUsd = 0n

  get size(): number {
    return this.#held.size
  }

  get tokens(): number {
    return this.#tokens
  }

  get picoUsd(): bigint {
    return this.#picoUsd
  }

  get(requestId: string): Held | undefined {
    return this.#held.get(requestId)
  }

  add(requestId: string, held: Held): void {
    this.remove(requestId)
    this.#held.set(requestId, held)
    this.#tokens += held.tokens
    this.#picoUsd += held.picoUsd
    this.#earliestExpiryMs = Math.min(this.#earliestExpiryMs, held.expiresMs)
  }

  remove(requestId: string): Held | undefined {
    const held = this.#held.get(requestId)
    if (!held) return undefined
    this.#held.delete(requestId)
    this.#tokens -= held.tokens
    this.#picoUsd -= held.picoUsd
    return held
  }

  expire(nowMs: number): void {
    if (nowMs < this.#earliestExpiryMs) return
    this.#earliestExpiryMs = Number.POSITIVE_INFINITY
    for (const [requestId, held] of this.#held) {
      if (held.expiresMs <= nowMs) this.remove(requestId)
      else this.#earliestExpiryMs = Math.min(this.#earliestExpiryMs, held.expiresMs)
    }
  }
}
