import type { Ledger } from '../plugin.ts'
import type { UsageEvent } from './event.ts'

/**
 * Remembers ids only: what stands in when no plugin brings a ledger. Nothing survives the process. Two generations,
 * the older one dropped as a whole, so that between half of `maxIds` and all of them are remembered.
 */
export class MemoryLedger implements Ledger {
  #young = new Set<string>()
  #old = new Set<string>()
  readonly #maxPerGeneration: number

  constructor(maxIds: number) {
    this.#maxPerGeneration = Math.max(1, Math.floor(maxIds / 2))
  }

  async commit(events: readonly UsageEvent[]): Promise<readonly ('new' | 'duplicate')[]> {
    return events.map(({ request_id }) => {
      if (this.#young.has(request_id) || this.#old.has(request_id)) return 'duplicate'
      if (this.#young.size >= this.#maxPerGeneration) {
        this.#old = this.#young
        this.#young = new Set()
      }
      this.#young.add(request_id)
      return 'new'
    })
  }
}
