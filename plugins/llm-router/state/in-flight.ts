import type { InFlightChange } from './port.ts'

/** How long an end that came before its beginning is remembered: the two travel through different processes. */
export const EARLY_END_MS = 10_000

/** Requests in flight of one provider, in memory. An entry whose end never comes expires. */
export class InFlight {
  readonly #ttlMs: number
  /** In the order of expiry, as each map's entries live equally long. */
  readonly #begun = new Map<string, number>()
  readonly #endedEarly = new Map<string, number>()

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  apply({ id, change }: InFlightChange, now: number): void {
    if (change === 'begin') {
      if (!this.#endedEarly.delete(id)) this.#begun.set(id, now + this.#ttlMs)
    } else if (!this.#begun.delete(id)) {
      this.#endedEarly.set(id, now + EARLY_END_MS)
    }
    expire(this.#endedEarly, now)
  }

  count(now: number): number {
    expire(this.#begun, now)
    return this.#begun.size
  }
}

function expire(entries: Map<string, number>, now: number): void {
  for (const [id, until] of entries) {
    if (until > now) return
    entries.delete(id)
  }
}
