import { RecentIds } from './recent-ids.ts'
import type { CommitOutcome } from './usage-store.ts'

/** Request ids that were committed, the oldest forgotten first. */
export class CommittedIds {
  readonly #ids: RecentIds
  /** Ids whose commit is under way, and how it ends. */
  readonly #open = new Map<string, Promise<void>>()

  /** Between half of `max` and all of them are remembered. */
  constructor(max: number) {
    this.#ids = new RecentIds(max)
  }

  /** @returns false when it was there. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    return true
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /**
   * Runs `write` for the indexes of new ids; they are remembered when it succeeds. An id that is being written by
   * another call is a duplicate only once that write has succeeded: nobody is told "safe" before it is.
   * @throws what `write` throws, here or in the call that an id waits for.
   */
  async claim(
    ids: readonly string[],
    write: (fresh: readonly number[]) => Promise<void>,
  ): Promise<readonly CommitOutcome[]> {
    const waits = new Set<Promise<void>>()
    const fresh: number[] = []
    const claimed = new Set<string>()
    const outcomes = ids.map((id, i): CommitOutcome => {
      const open = this.#open.get(id)
      if (open) waits.add(open)
      if (open || this.#ids.has(id) || claimed.has(id)) return 'duplicate'
      claimed.add(id)
      fresh.push(i)
      return 'new'
    })
    if (fresh.length > 0) {
      const writing = write(fresh)
      for (const id of claimed) this.#open.set(id, writing)
      try {
        await writing
        for (const id of claimed) this.add(id)
      } finally {
        for (const id of claimed) this.#open.delete(id)
      }
    }
    await Promise.all(waits)
    return outcomes
  }
}
