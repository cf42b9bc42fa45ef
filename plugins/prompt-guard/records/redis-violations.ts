import { Repository, Schema } from 'redis-om'
import type { Services } from '../../../runner/plugin.ts'
import type { GuardEvent } from './guard-event.ts'
import { redisOmConnection } from './redis-om-connection.ts'
import type { ViolationPage, ViolationQuery, Violations } from './violations.ts'

type Redis = NonNullable<Services['redis']>

/** Violations as redis-om entities (hashes with a RediSearch index) that expire. */
export class RedisViolations implements Violations {
  readonly #repository: Repository
  readonly #ttlSeconds: number
  #index: Promise<void> | undefined

  constructor(redis: Redis, keyPrefix: string, ttlSeconds: number) {
    const schema = new Schema(
      `${keyPrefix}guard-violation`,
      {
        consumer: { type: 'string', caseSensitive: true },
        category: { type: 'string', caseSensitive: true },
        action: { type: 'string', caseSensitive: true },
        direction: { type: 'string', caseSensitive: true },
        routeId: { type: 'string', caseSensitive: true },
        requestId: { type: 'string', caseSensitive: true },
        timestampMs: { type: 'number', sortable: true },
        score: { type: 'number' },
        // Whole and not indexed: what was put in comes out again.
        event: { type: 'string', indexed: false },
      },
      { dataStructure: 'HASH' },
    )
    // redis-om declares node-redis' whole client and uses what the connection has.
    const connection = redisOmConnection(redis) as unknown as ConstructorParameters<typeof Repository>[1]
    this.#repository = new Repository(schema, connection)
    this.#ttlSeconds = ttlSeconds
  }

  async add(events: readonly GuardEvent[]): Promise<void> {
    await this.#ready()
    for (const event of events) {
      await this.#repository.save(event.event_id, {
        consumer: event.consumer,
        category: event.category,
        action: event.action,
        direction: event.direction,
        routeId: event.route_id,
        requestId: event.request_id,
        timestampMs: event.timestamp_ms,
        score: event.score,
        event: JSON.stringify(event),
      })
      await this.#repository.expire(event.event_id, this.#ttlSeconds)
    }
  }

  async search(query: ViolationQuery): Promise<ViolationPage> {
    await this.#ready()
    let search = this.#repository
      .search()
      .where('timestampMs')
      .gte(query.fromMs ?? 0)
    if (query.toMs !== undefined) search = search.and('timestampMs').lte(query.toMs)
    if (query.minScore !== undefined) search = search.and('score').gte(query.minScore)
    for (const field of ['consumer', 'category', 'action', 'direction', 'routeId', 'requestId'] as const) {
      const wanted = query[field]
      if (wanted !== undefined) search = search.and(field).equals(wanted)
    }
    const sorted = search.sortDescending('timestampMs')
    const [total, page] = await Promise.all([sorted.count(), sorted.page(query.offset, query.limit)])
    return { total, events: page.map((entity) => JSON.parse(String(entity.event)) as GuardEvent) }
  }

  /** Once; again after a failure. Not when the plugin opens: Redis may be away then. */
  #ready(): Promise<void> {
    this.#index ??= this.#repository.createIndex().catch((error) => {
      this.#index = undefined
      throw error
    })
    return this.#index
  }
}
