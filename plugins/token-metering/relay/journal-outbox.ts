import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Journal, JournalPosition } from '../../../runner/plugin.ts'
import type { Backlog, Outbox, OutboxBatch } from './outbox.ts'

/** A journal of this process; how far the sink has come is in a small file beside it. */
export class JournalOutbox implements Outbox {
  readonly name: string
  readonly #journal: Journal
  readonly #file: string
  #at: JournalPosition

  private constructor(name: string, journal: Journal, file: string, at: JournalPosition) {
    this.name = name
    this.#journal = journal
    this.#file = file
    this.#at = at
  }

  static async open(name: string, journal: Journal, offsetFile: string): Promise<JournalOutbox> {
    const saved = await readFile(offsetFile, 'utf8').catch(() => undefined)
    return new JournalOutbox(name, journal, offsetFile, positionOf(saved) ?? journal.start)
  }

  /** Everything before it is with the sink. */
  get position(): JournalPosition {
    return this.#at
  }

  async take(max: number): Promise<OutboxBatch | undefined> {
    const { records, next } = await this.#journal.read(this.#at, max)
    if (records.length === 0) return undefined
    return {
      records,
      done: async () => {
        const draft = `${this.#file}.new`
        await writeFile(draft, JSON.stringify(next), { mode: 0o600 })
        await rename(draft, this.#file)
        this.#at = next
      },
    }
  }

  async backlog(): Promise<Backlog> {
    const { records } = await this.#journal.read(this.#at, 1)
    const [oldest] = records
    if (oldest === undefined) return { records: 0, oldestMs: undefined }
    const { timestamp_ms: oldestMs } = JSON.parse(oldest) as { timestamp_ms: number }
    // The number is not known without reading them all.
    return { records: 1, oldestMs }
  }

  async close(): Promise<void> {}
}

function positionOf(text: string | undefined): JournalPosition | undefined {
  try {
    const { segment, offset } = JSON.parse(text ?? '') as JournalPosition
    return Number.isInteger(segment) && Number.isInteger(offset) ? { segment, offset } : undefined
  } catch {
    return undefined
  }
}
