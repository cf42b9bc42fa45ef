import type { Journal, JournalPosition, UsageEvent } from '../../../runner/plugin.ts'

/**
 * Events that could not be counted yet, on disk and in order. What was taken out is remembered in memory only: after a
 * crash a part comes again, and the store knows the ids.
 */
export class Spool {
  readonly #journal: Journal
  #at: JournalPosition
  #waiting: number

  /** @param waiting records that the journal held when it was opened */
  constructor(journal: Journal, waiting: number) {
    this.#journal = journal
    this.#at = journal.start
    this.#waiting = waiting
  }

  get waiting(): number {
    return this.#waiting
  }

  get bytes(): number {
    return this.#waiting === 0 ? 0 : this.#journal.bytes
  }

  /** Durable when it settles. @throws RunnerError STORE_UNAVAILABLE when the spool is full. */
  async append(events: readonly UsageEvent[]): Promise<void> {
    // Counted first, so that nobody takes the spool for empty and overtakes what is being written.
    this.#waiting += events.length
    try {
      await this.#journal.append(events.map((event) => JSON.stringify(event)))
    } catch (error) {
      this.#waiting -= events.length
      throw error
    }
  }

  /** The oldest events, and what to call when they are safe elsewhere. */
  async take(max: number): Promise<{ events: readonly UsageEvent[]; done(): Promise<void> }> {
    const { records, next } = await this.#journal.read(this.#at, max)
    return {
      events: records.map((record) => JSON.parse(record) as UsageEvent),
      done: async () => {
        this.#at = next
        this.#waiting -= records.length
        const { segment, offset } = this.#journal.end
        // Old records must not come again days later, when their ids are forgotten.
        if (next.segment === segment && next.offset === offset) await this.#journal.roll()
        this.#at = (await this.#journal.read(this.#at, 0)).next
        await this.#journal.forgetBefore(this.#at.segment)
      },
    }
  }

  async close(): Promise<void> {
    await this.#journal.close()
  }
}
