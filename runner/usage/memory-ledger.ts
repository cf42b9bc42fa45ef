import type { Ledger } from '../plugin.ts'
import type { UsageEvent } from './event.ts'

/** Remembers ids only: what stands in when no plugin brings a ledger. Nothing survives the process. */
export class MemoryLedger implements Ledger {
  readonly #seen = new Set<string>()
  readonly #maxIds: number

  constructor(maxIds: number) {
    this.#maxIds = maxIds
  }

  async commit(events: readonly UsageEvent[]): Promise<readonly ('new' | 'duplicate')[]> {
    return events.map(({ request_id }) => {
      if (this.#seen.has(request_id)) return 'duplicate'
      this.#seen.add(request_id)
      if (this.#seen.size > this.#maxIds) {
        const [oldest] = this.#seen
        if (oldest !== undefined) this.#seen.delete(oldest)
      }
      return 'new'
    })
  }
}
