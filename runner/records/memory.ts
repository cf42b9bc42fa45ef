import { RECORD_TTL_MS, type RequestRecord, type RequestRecords } from './index.ts'

interface Kept {
  readonly record: RequestRecord
  readonly putAt: number
}

/**
 * Bounded by age and number. Two generations: the older one is dropped as a whole when the younger is full or an hour
 * old, so that forgetting costs nothing per record (deleting the first key of a big Map again and again does).
 */
export class MemoryRequestRecords implements RequestRecords {
  #young = new Map<string, Kept>()
  #old = new Map<string, Kept>()
  #youngSince: number
  readonly #maxPerGeneration: number
  readonly #now: () => number

  constructor(maxRecords: number, now: () => number = Date.now) {
    this.#maxPerGeneration = Math.max(1, Math.floor(maxRecords / 2))
    this.#now = now
    this.#youngSince = now()
  }

  put(id: string, record: RequestRecord): void {
    const now = this.#now()
    if (this.#young.size >= this.#maxPerGeneration || now - this.#youngSince >= RECORD_TTL_MS) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngSince = now
    }
    this.#young.set(id, { record, putAt: now })
  }

  async get(id: string): Promise<RequestRecord | undefined> {
    return this.#find(id)
  }

  async getAll(ids: readonly string[]): Promise<readonly (RequestRecord | undefined)[]> {
    return ids.map((id) => this.#find(id))
  }

  #find(id: string): RequestRecord | undefined {
    const kept = this.#young.get(id) ?? this.#old.get(id)
    return kept && kept.putAt >= this.#now() - RECORD_TTL_MS ? kept.record : undefined
  }
}
