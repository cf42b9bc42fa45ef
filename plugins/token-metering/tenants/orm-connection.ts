import type { Redis } from 'ioredis'
import type { RedisConnection } from 'redis-om'

/**
 * The connection of the runner (single server, Sentinel or Cluster) in the words of the client that redis-om expects;
 * the commands that entities kept as hashes need.
 */
export function ormConnection(redis: Redis): RedisConnection {
  const connection = {
    hGetAll: (key: string) => redis.hgetall(key),
    unlink: (keys: string[]) => redis.unlink(...keys),
    expire: (key: string, seconds: number) => redis.expire(key, seconds),
    multi: () => {
      const transaction = redis.multi()
      const chain = {
        unlink: (key: string) => {
          transaction.unlink(key)
          return chain
        },
        hSet: (key: string, fields: Record<string, string>) => {
          transaction.hset(key, fields)
          return chain
        },
        exec: () => transaction.exec(),
      }
      return chain
    },
  }
  return connection as unknown as RedisConnection
}
