import { Redis } from 'ioredis'
import type { AdminReply, JsonObject } from '../../../runner/plugin.ts'
import { answerOperator } from '../admin.ts'
import { CacheKeys } from '../store/redis/keys.ts'
import { SearchCommands } from '../store/redis/search-commands.ts'
import { VectorIndex } from '../store/redis/vector-index.ts'
import { RedisInventory } from '../store/redis-inventory.ts'
import { type Options, UsageError } from './options.ts'

/** Nobody there, or somebody who refuses; the message names whom. */
export class BackendError extends Error {}

/** Through the runner's admin API. @throws BackendError */
export async function askRunner(options: Options): Promise<AdminReply> {
  const { method, path, query, url, adminKey, timeoutMs } = options
  const target = new URL(`/plugins/semantic-cache/${path.map(encodeURIComponent).join('/')}`, url)
  target.search = query.toString()
  let response: Response
  let text: string
  try {
    response = await fetch(target, {
      method,
      headers: adminKey === undefined ? {} : { 'x-api-key': adminKey },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch (cause) {
    throw new BackendError(`no answer from ${target.origin}: ${reasonOf(cause)}`, { cause })
  }
  const json = parsed(text)
  if (!json)
    throw new BackendError(`${target.origin} answered ${response.status}, which is no runner's answer`)
  return { status: response.status, json }
}

/** At the store itself, with what a runner has left there about its embedder. @throws BackendError */
export async function askRedis(options: Options): Promise<AdminReply> {
  const { method, path, query, redisUrl = '', prefix, timeoutMs } = options
  const redis = new Redis(redisUrl, {
    ...{ lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: timeoutMs },
    ...{ commandTimeout: timeoutMs, retryStrategy: () => null },
  })
  // It has to be listened to; the connection's promise says the same.
  redis.on('error', () => {})
  try {
    await redis.connect()
    const space = await spaceOf(redis, options)
    const keys = new CacheKeys({ prefix, cluster: false }, space.identity)
    const search = new SearchCommands(redis, undefined)
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    const index = new VectorIndex(search, keys, { ...space, now: Date.now, log: silent })
    const inventory = new RedisInventory(redis, { keys, search, index }, space)
    await inventory.prepare()
    const reply = await answerOperator({ method, path, query, json: undefined }, inventory, Date.now())
    return reply ?? { status: 404, json: { error: 'there is nothing at this path' } }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new BackendError(`Redis: ${reasonOf(cause)}`, { cause })
  } finally {
    redis.disconnect()
  }
}

interface Space {
  readonly identity: string
  readonly dimensions: number
}

async function spaceOf(redis: Redis, { prefix, identity }: Options): Promise<Space> {
  const { spaces } = new CacheKeys({ prefix, cluster: false }, '')
  const known = (await redis.hvals(spaces)).flatMap((text) => {
    const space = parsed(text)
    return typeof space?.identity === 'string' && typeof space.dimensions === 'number'
      ? [{ identity: space.identity, dimensions: space.dimensions }]
      : []
  })
  const chosen = identity === undefined ? known : known.filter((space) => space.identity === identity)
  const [space, another] = chosen
  const names = known.map((one) => one.identity).join(', ')
  if (!space)
    throw new UsageError(`no such cache under the prefix "${prefix}"; there are: ${names || 'none'}`)
  if (another) throw new UsageError(`--identity: which of ${names}?`)
  return space
}

function parsed(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as JsonObject)
      : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
