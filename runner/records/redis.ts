import type { Redis } from 'ioredis'
import { RECORD_TTL_MS, type RequestRecord, type RequestRecords } from './index.ts'

/** `request:<id>`, a JSON string that expires. */
export class RedisRequestRecords implements RequestRecords {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  async put(id: string, record: RequestRecord): Promise<void> {
    await this.#redis.set(this.#key(id), JSON.stringify(record), 'PX', RECORD_TTL_MS)
  }

  async get(id: string): Promise<RequestRecord | undefined> {
    const text = await this.#redis.get(this.#key(id))
    return text === null ? undefined : (JSON.parse(text) as RequestRecord)
  }

  #key(id: string): string {
    return `${this.#prefix}request:${id}`
  }
}
