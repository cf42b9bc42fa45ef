import { Cluster, Redis } from 'ioredis'
import type { Settings } from '../settings/schema.ts'
import type { Log } from './index.ts'

type RedisSettings = NonNullable<Settings['redis']>

const COMMAND_TIMEOUT_MS = 5_000

/**
 * One connection for commands, single server, Sentinel or Cluster. Commands fail at once while it is away: whoever
 * calls has a policy for that, and a queue of commands would answer long after the request is gone.
 */
export function connectRedis(settings: RedisSettings, log: Log): Redis {
  const options = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: settings.connect_timeout_ms,
    // A server that hangs without closing the connection: nobody may wait for it longer than this.
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
    enableAutoPipelining: false,
  }
  const redis = settings.cluster
    ? new Cluster([settings.url], { redisOptions: options, enableOfflineQueue: false })
    : settings.sentinels
      ? // Of the URL its user, password and database; host and port are the Sentinels' to say.
        new Redis(settings.url, {
          ...options,
          sentinels: settings.sentinels,
          name: settings.sentinel_name ?? 'mymaster',
        })
      : new Redis(settings.url, options)
  let away = false
  redis.on('error', (error: Error) => {
    if (!away) log.error({ err: error }, 'redis is away')
    away = true
  })
  redis.on('ready', () => {
    if (away) log.info({}, 'redis is back')
    away = false
  })
  // Cluster has the same commands; ioredis gives the two no common type.
  return redis as Redis
}

/** Waits for the first connection, at most so long; settles in any case. */
export async function untilReady(redis: Redis, withinMs: number): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, withinMs)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
