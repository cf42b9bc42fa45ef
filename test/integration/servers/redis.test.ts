import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startRedis } from '../../support/servers/redis.ts'

const vector = (...numbers: number[]) => Buffer.from(new Float32Array(numbers).buffer)

async function createIndex(redis: Redis): Promise<void> {
  const field = ['v', 'VECTOR', 'HNSW', '6', 'TYPE', 'FLOAT32', 'DIM', '3', 'DISTANCE_METRIC', 'COSINE']
  await redis.call('FT.CREATE', 'idx', 'ON', 'HASH', 'PREFIX', '1', 'doc:', 'SCHEMA', 't', 'TAG', ...field)
}

async function nearest(redis: Redis, tenant: string): Promise<string[]> {
  const query = `(@t:{${tenant}})=>[KNN 2 @v $q AS d]`
  const args = ['PARAMS', '2', 'q', vector(1, 0, 0), 'SORTBY', 'd', 'RETURN', '1', 'd', 'DIALECT', '2']
  const [, ...found] = (await redis.call('FT.SEARCH', 'idx', query, ...args)) as [number, ...unknown[]]
  return found.filter((value) => typeof value === 'string')
}

test('finds nearest vectors within a tag, and loses index and keys on flush', async (t) => {
  const server = await startRedis()
  const redis = new Redis(server.url)
  t.after(async () => {
    redis.disconnect()
    await server.stop()
  })
  await server.flush()
  await createIndex(redis)
  await redis.hset('doc:far', { t: 'a', v: vector(0, 1, 0) })
  await redis.hset('doc:near', { t: 'a', v: vector(0.9, 0.1, 0) })
  await redis.hset('doc:other', { t: 'b', v: vector(1, 0, 0) })
  assert.deepEqual(await nearest(redis, 'a'), ['doc:near', 'doc:far'])
  await redis.call('JSON.SET', 'j', '$', '{"a":{"b":[1,2]}}')
  assert.equal(await redis.call('JSON.GET', 'j', '$.a.b[1]'), '[2]')
  await server.flush()
  assert.equal(await redis.dbsize(), 0)
  assert.deepEqual(await redis.call('FT._LIST'), [])
})

test('keeps answered writes and the index over a crash when append-only', async (t) => {
  const server = await startRedis({ appendonly: true, password: 'p@ss' })
  const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  t.after(async () => {
    redis.disconnect()
    await server.stop()
  })
  await createIndex(redis)
  await redis.hset('doc:1', { t: 'a', v: vector(1, 0, 0) })
  await redis.incrby('quota', 41)
  await server.kill()
  await server.restart()
  assert.equal(await redis.incr('quota'), 42)
  assert.deepEqual(await nearest(redis, 'a'), ['doc:1'])
  await server.restart()
  assert.equal(await redis.get('quota'), '42')
})

test('says how to get a server that is not installed', async () => {
  const { installed } = await import('../../support/servers/server-process.ts')
  assert.throws(() => installed('no-such-server'), /run test\/support\/servers\/install\.sh/)
})

test('refuses to stop a server that the environment gave', async (t) => {
  const server = await startRedis({})
  const before = process.env.TEST_REDIS_URL
  process.env.TEST_REDIS_URL = server.url
  t.after(async () => {
    if (before === undefined) delete process.env.TEST_REDIS_URL
    else process.env.TEST_REDIS_URL = before
    await server.stop()
  })
  const given = await startRedis()
  assert.equal(given.url, server.url)
  await given.flush()
  await given.stop()
  await assert.rejects(given.kill(), /TEST_REDIS_URL/)
})
