import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRedisStore } from '../../../plugins/token-metering/store/open-redis-store.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { usageEntry } from '../../support/usage-entry.ts'
import { dirFor, eventually, redisServices, reservationOf, settingsWith, utc } from './support.ts'

test('goes on without Redis, and the counters agree when it is back', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const services = await redisServices(t, redis.url, { dataDir: dirFor(t) })
  const opened = await openRedisStore(services.redis as never, settingsWith(), services, utc)
  t.after(() => opened.close())
  const { store } = opened
  const today = utc.day(Date.now())
  const entry = (id = randomUUID()) =>
    usageEntry({ who: 'unit', id, prompt: 10, completion: 0, picoUsd: 3n, atMs: Date.now() })
  const limits = { tokens_per_day: 60 }

  const before = entry()
  assert.deepEqual(await store.commit([before, entry()]), ['new', 'new'])
  await redis.kill()
  // Twenty of sixty tokens are used, as this runner learned from Redis before it went away.
  const results = []
  for (let i = 0; i < 10; i++) results.push((await store.reserve(reservationOf('unit', { limits }))).allowed)
  assert.deepEqual(results, [...Array(4).fill(true), ...Array(6).fill(false)])
  const during = [entry(), entry(), entry()]
  assert.deepEqual(await store.commit(during), ['new', 'new', 'new'])
  assert.deepEqual(await store.commit([during[0] as never, before]), ['duplicate', 'duplicate'])
  assert.match(await services.metrics.registry.getSingleMetricAsString('llm_usage_store_up'), / 0$/)
  assert.match(await services.metrics.registry.getSingleMetricAsString('llm_usage_spool_events'), / 3$/)

  await redis.restart()
  const { picoUsd, requests } = await (async () => {
    await eventually('the spool is replayed', async () => {
      const usage = await store.usage('unit', today).catch(() => undefined)
      return usage?.requests === 5
    })
    return store.usage('unit', today)
  })()
  assert.deepEqual([requests, picoUsd], [5, 15n])
  await eventually('the spool is empty', async () =>
    / 0$/.test(await services.metrics.registry.getSingleMetricAsString('llm_usage_spool_events')),
  )
  assert.match(await services.metrics.registry.getSingleMetricAsString('llm_usage_store_up'), / 1$/)
  assert.deepEqual(await store.commit([...during, entry()]), ['duplicate', 'duplicate', 'duplicate', 'new'])
  assert.equal((await store.usage('unit', today)).requests, 6)
})

test('a Redis that hangs costs a request its deadline a few times, then nothing', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const services = await redisServices(t, redis.url, { dataDir: dirFor(t) })
  const settings = settingsWith({ redis_away: 'refuse', redis_deadline_ms: 1000, commit_deadline_ms: 100 })
  const opened = await openRedisStore(services.redis as never, settings, services, utc)
  t.after(() => opened.close())
  const { store } = opened
  assert.equal((await store.reserve(reservationOf('unit'))).allowed, true)
  const stopped = services.redis?.call('CLIENT', 'PAUSE', '15000', 'ALL')
  await stopped
  await assert.rejects(async () => store.reserve(reservationOf('unit')), /may not be guessed/)
  const entries = [usageEntry({ who: 'unit', id: randomUUID(), prompt: 1, completion: 0, atMs: Date.now() })]
  // Whether Redis has carried it out is not known: it is spooled, and counted once all the same.
  assert.deepEqual(await store.commit(entries), ['new'])
  for (let i = 0; i < 5; i++)
    await assert.rejects(async () => store.reserve(reservationOf('unit')), /may not be guessed/)
  const fallbacks = await services.metrics.registry.getSingleMetricAsString('llm_usage_store_fallbacks_total')
  assert.match(fallbacks, /operation="reserve",reason="late"\} [123]\n/)
  assert.match(fallbacks, /operation="reserve",reason="away"\}/)
  await eventually('it is asked again', async () => {
    const result = await Promise.resolve(store.reserve(reservationOf('unit'))).catch(() => undefined)
    return result?.allowed === true
  })
  await eventually('the event is counted', async () => {
    return (await store.usage('unit', utc.day(Date.now()))).requests === 1
  })
  await sleep(700)
  assert.equal((await store.usage('unit', utc.day(Date.now()))).requests, 1)
})

test('a full spool refuses, so that APISIX keeps the events; a spool survives a restart', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const dataDir = dirFor(t)
  const services = await redisServices(t, redis.url, { dataDir })
  const settings = settingsWith({ spool_max_bytes: 3000 })
  const first = await openRedisStore(services.redis as never, settings, services, utc)
  await redis.kill()
  const entry = () =>
    usageEntry({ who: 'unit', id: randomUUID(), prompt: 1, completion: 0, atMs: Date.now() })
  const kept = entry()
  await first.store.commit([kept])
  const refused = entry()
  await assert.rejects(first.store.commit([entry(), entry(), refused]), /is full/)
  await first.close()
  await redis.restart()
  const again = await redisServices(t, redis.url, { dataDir })
  const second = await openRedisStore(again.redis as never, settings, again, utc)
  t.after(() => second.close())
  await eventually('what was spooled is counted', async () => {
    return (await second.store.usage('unit', utc.day(Date.now()))).requests === 1
  })
  assert.deepEqual(await second.store.commit([kept, refused]), ['duplicate', 'new'])
})

test('without a data directory nothing is acknowledged while Redis is away', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const services = await redisServices(t, redis.url)
  const opened = await openRedisStore(services.redis as never, settingsWith(), services, utc)
  t.after(() => opened.close())
  await redis.kill()
  const entry = usageEntry({ who: 'unit', id: randomUUID(), prompt: 1, completion: 0, atMs: Date.now() })
  await assert.rejects(opened.store.commit([entry]), /there is no spool/)
})

test('replays a long spool completely while more is coming', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const services = await redisServices(t, redis.url, { dataDir: dirFor(t) })
  const opened = await openRedisStore(services.redis as never, settingsWith(), services, utc)
  t.after(() => opened.close())
  const { store } = opened
  const entries = (count: number) =>
    Array.from({ length: count }, () =>
      usageEntry({ who: 'unit', id: randomUUID(), prompt: 1, completion: 0, atMs: Date.now() }),
    )
  await redis.kill()
  for (let i = 0; i < 30; i++) await store.commit(entries(60))
  await redis.restart()
  for (let i = 0; i < 30; i++) {
    await store.commit(entries(10))
    await sleep(30)
  }
  const counted = async () => (await store.usage('unit', utc.day(Date.now()))).requests
  await eventually('all are counted', async () => (await counted()) >= 2100)
  assert.equal(await counted(), 2100)
})
