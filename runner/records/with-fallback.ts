import type { RequestRecord, RequestRecords } from './index.ts'

/**
 * Records of all instances, and while their store is away those of this one: a failover in the middle of a request needs
 * the note of the pass before it, whatever has become of Redis.
 */
export class RecordsWithFallback implements RequestRecords {
  readonly #shared: RequestRecords
  readonly #own: RequestRecords

  constructor(shared: RequestRecords, own: RequestRecords) {
    this.#shared = shared
    this.#own = own
  }

  /** @throws what the own records throw; those of all instances may be away. */
  async put(id: string, record: RequestRecord): Promise<void> {
    try {
      await this.#shared.put(id, record)
    } catch {
      await this.#own.put(id, record)
    }
  }

  async get(id: string): Promise<RequestRecord | undefined> {
    const shared = await this.#shared.get(id).catch(() => undefined)
    return shared ?? (await this.#own.get(id))
  }

  async getAll(ids: readonly string[]): Promise<readonly (RequestRecord | undefined)[]> {
    const shared = await this.#shared.getAll(ids).catch(() => [])
    const missing = ids.filter((_, i) => shared[i] === undefined)
    if (missing.length === 0) return shared
    const own = await this.#own.getAll(missing)
    const ownById = new Map(missing.map((id, i) => [id, own[i]]))
    return ids.map((id, i) => shared[i] ?? ownById.get(id))
  }
}
