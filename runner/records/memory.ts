import { RECORD_TTL_MS, type RequestRecord, type RequestRecords } from './index.ts'

interface Kept {
  readonly record: RequestRecord
  readonly putAt: number
}

/** Bounded by age and number: the oldest goes first (a Map keeps the order of insertion). */
export class MemoryRequestRecords implements RequestRecords {
  readonly #kept = new Map<string, Kept>()
  readonly #maxRecords: number
  readonly #now: () => number

  constructor(maxRecords: number, now: () => number = Date.now) {
    this.#maxRecords = maxRecords
    this.#now = now
  }

  async put(id: string, record: RequestRecord): Promise<void> {
    this.#kept.delete(id)
    this.#kept.set(id, { record, putAt: this.#now() })
    const oldestAllowed = this.#now() - RECORD_TTL_MS
    for (const [oldId, { putAt }] of this.#kept) {
      if (putAt >= oldestAllowed && this.#kept.size <= this.#maxRecords) break
      this.#kept.delete(oldId)
    }
  }

  async get(id: string): Promise<RequestRecord | undefined> {
    const kept = this.#kept.get(id)
    return kept && kept.putAt >= this.#now() - RECORD_TTL_MS ? kept.record : undefined
  }
}
