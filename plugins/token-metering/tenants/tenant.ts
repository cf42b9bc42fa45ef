import type { Redis } from 'ioredis'
import { EntityId, Repository, Schema } from 'redis-om'
import { type Static, Type } from 'typebox'
import { LimitsSchema } from '../limits.ts'
import { ormConnection } from './orm-connection.ts'

/** A paying unit as operators keep it in Redis, for changes that touch no route. */
export const TenantSchema = Type.Object(
  {
    consumer: Type.String({ minLength: 1, maxLength: 256 }),
    tier: Type.Optional(Type.String({ minLength: 1 })),
    limits: Type.Optional(LimitsSchema),
    allowed_models: Type.Optional(
      Type.Array(Type.String({ minLength: 1, pattern: '^[^|]+$' }), {
        minItems: 1,
        description: 'Model names or patterns, with `*` and `?`. Absent: all.',
      }),
    ),
    status: Type.Union([Type.Literal('active'), Type.Literal('disabled')], { default: 'active' }),
  },
  { additionalProperties: false },
)
export type Tenant = Readonly<Static<typeof TenantSchema>>

/** Entities of redis-om, as hashes under `tenant:<consumer>`, and the set `tenants` of their names. */
export class TenantRepository {
  readonly #redis: Redis
  readonly #names: string
  readonly #repository: Repository

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#names = `${prefix}tenants`
    const schema = new Schema(
      `${prefix}tenant`,
      {
        consumer: { type: 'string' },
        tier: { type: 'string' },
        limits: { type: 'string' },
        allowed_models: { type: 'string[]' },
        status: { type: 'string' },
      },
      { dataStructure: 'HASH' },
    )
    this.#repository = new Repository(schema, ormConnection(redis))
  }

  async get(consumer: string): Promise<Tenant | undefined> {
    const entity = await this.#repository.fetch(consumer)
    if (typeof entity.consumer !== 'string') return undefined
    const { tier, limits, allowed_models: models, status } = entity
    return {
      consumer: entity.consumer,
      ...(typeof tier === 'string' ? { tier } : {}),
      ...(typeof limits === 'string' ? { limits: JSON.parse(limits) as NonNullable<Tenant['limits']> } : {}),
      // redis-om reads an absent list as an empty one.
      ...(Array.isArray(models) && models.length > 0 ? { allowed_models: models.map(String) } : {}),
      status: status === 'disabled' ? 'disabled' : 'active',
    }
  }

  async set({ limits, allowed_models: models, ...tenant }: Tenant): Promise<void> {
    await this.#repository.save({
      [EntityId]: tenant.consumer,
      ...tenant,
      ...(limits ? { limits: JSON.stringify(limits) } : {}),
      ...(models ? { allowed_models: [...models] } : {}),
    })
    await this.#redis.sadd(this.#names, tenant.consumer)
  }

  /** @returns false when there was none. */
  async delete(consumer: string): Promise<boolean> {
    await this.#repository.remove(consumer)
    return (await this.#redis.srem(this.#names, consumer)) === 1
  }

  async list(): Promise<readonly Tenant[]> {
    const names = (await this.#redis.smembers(this.#names)).sort()
    const tenants = await Promise.all(names.map((name) => this.get(name)))
    return tenants.filter((tenant) => tenant !== undefined)
  }
}
