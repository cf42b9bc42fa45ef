import type { Redis } from 'ioredis'
import { RECORD_TTL_MS, type RequestRecord, type RequestRecords } from './index.ts'

/** `request:<id>`, a JSON string that expires. */
export class RedisRequestRecords implements RequestRecords {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #cluster: boolean

  constructor(redis: Redis, { prefix, cluster }: { prefix: string; cluster: boolean }) {
    this.#redis = redis
    this.#prefix = prefix
    this.#cluster = cluster
  }

  async put(id: string, record: RequestRecord): Promise<void> {
    await this.#redis.set(this.#key(id), JSON.stringify(record), 'PX', RECORD_TTL_MS)
  }

  async get(id: string): Promise<RequestRecord | undefined> {
    return parsed(await this.#redis.get(this.#key(id)))
  }

  async getAll(ids: readonly string[]): Promise<readonly (RequestRecord | undefined)[]> {
    if (ids.length === 0) return []
    // The keys of a cluster lie on many servers, and MGET asks one.
    if (this.#cluster) return Promise.all(ids.map((id) => this.get(id)))
    return (await this.#redis.mget(ids.map((id) => this.#key(id)))).map(parsed)
  }

  #key(id: string): string {
    return `${this.#prefix}request:${id}`
  }
}

function parsed(text: string | null): RequestRecord | undefined {
  return text === null ? undefined : (JSON.parse(text) as RequestRecord)
}
