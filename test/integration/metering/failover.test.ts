import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { openRedisStore } from '../../../plugins/token-metering/store/open-redis-store.ts'
import { connectRedis, untilReady } from '../../../runner/services/redis.ts'
import { collectingLog, testServices } from '../../support/rig.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { startSentinel } from '../../support/servers/sentinel.ts'
import { usageEntry } from '../../support/usage-entry.ts'
import { dirFor, eventually, reservationOf, settingsWith, utc } from './support.ts'

/**
 * What a failover of Redis costs. Replication is asynchronous: what the old master had acknowledged and not passed on is
 * lost, all of an event at once. `min-replicas-to-write` closes that gap.
 */
const PASSWORD = 'secret'
const entry = (id: string = randomUUID()) =>
  usageEntry({ who: 'unit', id, prompt: 10, completion: 0, picoUsd: 3n, atMs: Date.now() })
const entries = (count: number) => Array.from({ length: count }, () => entry())
const today = () => utc.day(Date.now())

/** A master, its replica, a Sentinel, and a store that finds the master through it. */
async function openWorld(t: TestContext, masterArgs: string[] = []) {
  const master = await startRedis({ appendonly: true, password: PASSWORD, args: masterArgs })
  t.after(() => master.stop())
  const replica = await startRedis({
    ...{ appendonly: true, password: PASSWORD },
    args: ['--replicaof', '127.0.0.1', String(master.port), '--masterauth', PASSWORD],
  })
  t.after(() => replica.stop())
  const sentinel = await startSentinel({ port: master.port, password: PASSWORD })
  t.after(() => sentinel.stop())
  await sentinel.untilReplicas(1)
  const log = collectingLog([])
  const redis = connectRedis(
    {
      ...{ url: `redis://:${PASSWORD}@localhost`, cluster: false, key_prefix: '', connect_timeout_ms: 1000 },
      ...{ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], sentinel_name: sentinel.name },
    },
    log,
  )
  await untilReady(redis, 5000)
  t.after(() => redis.disconnect())
  const services = testServices({ log, redis, dataDir: dirFor(t) })
  const opened = await openRedisStore(redis, settingsWith({ commit_deadline_ms: 500 }), services, utc)
  t.after(() => opened.close())
  const onReplica = new Redis(replica.url)
  t.after(() => onReplica.disconnect())
  const { store } = opened
  const metric = (name: string) => services.metrics.registry.getSingleMetricAsString(name)
  return {
    ...{ master, store, onReplica },
    requests: async () => Number(await onReplica.hget(`token_usage:unit:${today()}`, 'requests')),
    isUp: async () => / 1$/.test(await metric('llm_usage_store_up')),
    spooled: async () => Number(/ (\d+)$/.exec(await metric('llm_usage_spool_events'))?.[1]),
    /** The store writes where the replica was, and has nothing left to write. */
    untilFailedOver: async () => {
      await eventually(
        'the replica is the master',
        async () => (await onReplica.role())[0] === 'master',
        60_000,
      )
      // A store that nobody asks does not notice that its connection has ended.
      await store.release('unit', 'nothing')
      await eventually(
        'the store is up again',
        async () => / 1$/.test(await metric('llm_usage_store_up')),
        60_000,
      )
      await eventually(
        'the spool is empty',
        async () => / 0$/.test(await metric('llm_usage_spool_events')),
        60_000,
      )
    },
  }
}

test('what was replicated or came while nobody was master is counted once on the new master', async (t) => {
  const world = await openWorld(t)
  const { master, store } = world
  const before = entries(20)
  await store.commit(before)
  await eventually('the replica has it', async () => (await world.requests()) === 20)
  await master.kill()
  const during: ReturnType<typeof entry>[] = []
  for (let i = 0; i < 10; i++) {
    const one = entry()
    assert.deepEqual(await store.commit([one]), ['new'])
    during.push(one)
    assert.equal((await store.reserve(reservationOf('unit'))).allowed, true)
  }
  await world.untilFailedOver()
  assert.equal(await world.requests(), 30)
  const again = await store.commit([...before, ...during, entry()])
  assert.deepEqual(
    again.map((outcome) => outcome === 'new'),
    [...Array(30).fill(false), true],
  )
  assert.equal(await world.requests(), 31)
  assert.deepEqual((await store.usage('unit', today())).picoUsd, 93n)
  assert.equal(await world.onReplica.xlen('usage_events'), 0, 'no sink, no outbox')
})

test('what the old master had not passed on is lost whole: not counted, and new when it comes again', async (t) => {
  const world = await openWorld(t)
  const { master, store, onReplica } = world
  await store.commit(entries(5))
  await eventually('the replica has it', async () => (await world.requests()) === 5)
  // The replica turns away; the master does not know and goes on.
  await onReplica.replicaof('127.0.0.1', 1)
  const lost = entry()
  assert.deepEqual(await store.commit([lost]), ['new'])
  await master.kill()
  await world.untilFailedOver()
  assert.equal(await world.requests(), 5)
  assert.deepEqual(await store.commit([lost]), ['new'])
  assert.equal(await world.requests(), 6)
})

test('with min-replicas-to-write an event that no replica can have goes to the spool and is not lost', async (t) => {
  const world = await openWorld(t, ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '10'])
  const { master, store, onReplica } = world
  await eventually('the master takes writes', async () => {
    const [outcome] = await store.commit([entry()]).catch(() => [])
    return outcome === 'new' && (await world.spooled()) === 0
  })
  const counted = await world.requests()
  await onReplica.replicaof('127.0.0.1', 1)
  const held = entry()
  await eventually('the master has noticed', async () => {
    await store.commit([held])
    return !(await world.isUp())
  })
  const more = entries(3)
  assert.deepEqual(await store.commit(more), ['new', 'new', 'new'])
  await master.kill()
  await world.untilFailedOver()
  assert.equal((await world.requests()) - counted, 4)
  assert.deepEqual(await store.commit([held, ...more]), ['duplicate', 'duplicate', 'duplicate', 'duplicate'])
})
