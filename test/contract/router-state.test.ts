import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Hub } from '../../plugins/llm-router/state/hub.ts'
import { MemoryRouterState } from '../../plugins/llm-router/state/memory.ts'
import { Mirror } from '../../plugins/llm-router/state/mirror.ts'
import type { Changes, InFlightChange, RouterState, Signal } from '../../plugins/llm-router/state/port.ts'
import { RedisRouterState } from '../../plugins/llm-router/state/redis.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { routerSettings, silent, TestClock } from '../unit/plugins/llm-router/state/settings.ts'

const clock = { now: Date.now }
const connect = (url: string) =>
  new Redis(url, { enableOfflineQueue: true, maxRetriesPerRequest: 0, retryStrategy: () => 50 })
/** Short enough to wait for, long enough for a machine that stands still for seconds. */
const OPEN_MS = 3000
const PROBE_MS = 4000
const IN_FLIGHT_MS = 4000
const BEYOND_MS = 200
const fast = {
  in_flight_ttl_ms: IN_FLIGHT_MS,
  breaker: { open_ms: OPEN_MS, max_open_ms: 10_000, probe_ms: PROBE_MS, rate_limit_open_ms: OPEN_MS },
}

function changes(signals: Signal[], inFlight: InFlightChange[] = []): Changes {
  return { signals, inFlight, declared: { a: 'a', b: 'b' } }
}
const failures = (count: number, key = 'a|m'): Changes =>
  changes(Array.from({ length: count }, () => ({ breaker: key, kind: 'failure' })))
const probed = (kind: Signal['kind']): Changes => changes([{ breaker: 'a|m', kind, probe: true }])
const flight = (change: 'begin' | 'end', ...ids: string[]): Changes =>
  changes(
    [],
    ids.map((id) => ({ provider: 'a', id, change })),
  )

/** @param pass lets time go by for the state: Redis has a clock of its own. */
function keepsTheContract(
  name: string,
  create: (settings: object) => RouterState,
  pass: (ms: number) => Promise<unknown>,
): void {
  describe(name, () => {
    test('is closed and empty at first', async () => {
      const { breakers, inFlight } = await create(fast).snapshot()
      assert.deepEqual(breakers, {})
      assert.equal(inFlight.a ?? 0, 0)
    })

    test('opens, lets one probe through, and closes when that was good', async () => {
      const state = create(fast)
      await state.apply(failures(5))
      const open = (await state.snapshot()).breakers['a|m']
      assert.equal(open?.cause, 'failures')
      assert.ok(open && open.forMs > 0 && open.forMs <= OPEN_MS)
      assert.equal(await state.acquireProbe('a|m'), false)
      await pass(OPEN_MS + BEYOND_MS)
      const granted = await Promise.all([1, 2, 3].map(() => state.acquireProbe('a|m')))
      assert.equal(granted.filter(Boolean).length, 1)
      assert.ok(((await state.snapshot()).breakers['a|m']?.forMs ?? 1) <= 0)
      await state.apply(probed('ok'))
      assert.deepEqual((await state.snapshot()).breakers, {})
    })

    test('opens again after a bad probe, and grants another when a probe gives no result', async () => {
      const state = create(fast)
      await state.apply(failures(5))
      await pass(OPEN_MS + BEYOND_MS)
      assert.equal(await state.acquireProbe('a|m'), true)
      await state.apply(probed('failure'))
      assert.ok(((await state.snapshot()).breakers['a|m']?.forMs ?? 0) > OPEN_MS)
      await pass(2 * OPEN_MS + BEYOND_MS)
      assert.equal(await state.acquireProbe('a|m'), true)
      assert.equal(await state.acquireProbe('a|m'), false)
      await pass(PROBE_MS + BEYOND_MS)
      assert.equal(await state.acquireProbe('a|m'), true)
      await state.apply(probed('void'))
      assert.equal(await state.acquireProbe('a|m'), true)
    })

    test('keeps the breakers of models apart, and the cause', async () => {
      const state = create(fast)
      await state.apply(changes([{ breaker: 'a|n', kind: 'rate_limited', retryAfterMs: 500 }]))
      const { breakers } = await state.snapshot()
      assert.deepEqual(Object.keys(breakers), ['a|n'])
      assert.equal(breakers['a|n']?.cause, 'rate_limited')
      assert.equal(await state.acquireProbe('a|m'), true)
    })

    test('averages the first byte', async () => {
      const state = create(fast)
      await state.apply(changes([{ breaker: 'a|m', kind: 'ok', ttftMs: 400 }]))
      assert.equal((await state.snapshot()).ttftMs['a|m'], 400)
    })

    test('counts requests in flight, each once, in whatever order beginning and end arrive', async () => {
      const state = create({})
      await state.apply(flight('begin', '1', '2', '2', '3'))
      assert.equal((await state.snapshot()).inFlight.a, 3)
      await state.apply(flight('end', '2', '4'))
      assert.equal((await state.snapshot()).inFlight.a, 2)
      await state.apply(flight('begin', '4'))
      assert.equal((await state.snapshot()).inFlight.a, 2, 'its end had come before')
      await state.apply(flight('begin', '4'))
      assert.equal((await state.snapshot()).inFlight.a, 3)
      assert.equal((await state.snapshot()).inFlight.b ?? 0, 0)
    })

    test('forgets a request whose end never comes', async () => {
      const state = create(fast)
      await state.apply(flight('begin', '1'))
      assert.equal((await state.snapshot()).inFlight.a, 1)
      await pass(IN_FLIGHT_MS + BEYOND_MS)
      assert.equal((await state.snapshot()).inFlight.a, 0)
    })
  })
}

const testClock = new TestClock()
keepsTheContract(
  'router state in memory',
  (over) => new MemoryRouterState(routerSettings(over), testClock),
  async (ms) => {
    testClock.ms += ms
  },
)

describe('router state in Redis', () => {
  let server: RedisServer
  let redis: Redis
  const connections: Redis[] = []
  before(async () => {
    server = await startRedis()
    redis = connect(server.url)
    connections.push(redis)
  })
  after(async () => {
    for (const connection of connections) connection.disconnect()
    await server?.stop()
  })
  const settingsOf = (over: object) => routerSettings({ redis_key_prefix: `test-${randomUUID()}`, ...over })

  keepsTheContract('alone', (over) => new RedisRouterState(redis, settingsOf(over)), sleep)

  test('loses no signal when instances write at the same time', async () => {
    const settings = settingsOf({ breaker: { failure_threshold: 40, window_ms: 60_000 } })
    const states = [0, 1, 2, 3].map(() => new RedisRouterState(redis, settings))
    await Promise.all(states.flatMap((state) => Array.from({ length: 5 }, () => state.apply(failures(2)))))
    const text = await redis.hget(`{${settings.redis_key_prefix}}:breakers`, 'a|m')
    assert.equal(JSON.parse(text ?? '{}').open, 'failures')
  })

  test('grants one probe over all instances', async () => {
    const settings = settingsOf(fast)
    const states = [0, 1, 2, 3].map(() => new RedisRouterState(redis, settings))
    await states[0]?.apply(failures(5))
    await sleep(OPEN_MS + BEYOND_MS)
    const granted = await Promise.all(states.map((state) => state.acquireProbe('a|m')))
    assert.equal(granted.filter(Boolean).length, 1)
  })

  test('leaves no key without an expiry', async () => {
    const settings = settingsOf({})
    const state = new RedisRouterState(redis, settings)
    await state.apply(failures(1))
    await state.apply(flight('begin', '1'))
    await state.apply(flight('end', '2'))
    const keys = await redis.keys(`{${settings.redis_key_prefix}}:*`)
    assert.equal(keys.length, 3)
    for (const key of keys) assert.ok((await redis.pttl(key)) > 0, key)
  })

  test('reads over a value that is not its own', async () => {
    const settings = settingsOf({})
    await redis.hset(`{${settings.redis_key_prefix}}:breakers`, 'a|m', 'garbage')
    const state = new RedisRouterState(redis, settings)
    assert.deepEqual((await state.snapshot()).breakers, {})
    await state.apply(failures(5))
    assert.equal((await state.snapshot()).breakers['a|m']?.cause, 'failures')
  })

  test('two instances agree within a refresh on breakers and queues', async () => {
    const settings = settingsOf({})
    const mirrors = await Promise.all(
      [0, 1].map(async () => {
        const hub = new Hub({
          memory: new MemoryRouterState(settings, clock),
          shared: new RedisRouterState(redis, settings),
          control: undefined,
          clock,
          timeoutMs: 30_000,
          log: silent,
        })
        const mirror = new Mirror({ state: hub, clock, log: silent, refreshMs: 50, flushMs: 5 })
        mirror.declare('a', 'a')
        await mirror.start()
        return mirror
      }),
    )
    const [one, two] = mirrors
    assert.ok(one && two)
    for (let i = 0; i < 5; i++) one.signal({ breaker: 'a|m', kind: 'failure' })
    one.change({ provider: 'a', id: 'r1', change: 'begin' })
    const seen = async () => two.standing('a|m').state === 'open' && two.inFlight('a') === 1
    for (let waited = 0; waited < 60_000 && !(await seen()); waited += 20) await sleep(20)
    assert.equal(two.standing('a|m').state, 'open')
    assert.equal(two.inFlight('a'), 1)
    two.change({ provider: 'a', id: 'r1', change: 'end' })
    for (let waited = 0; waited < 60_000 && one.inFlight('a') !== 0; waited += 20) await sleep(20)
    assert.equal(one.inFlight('a'), 0)
    await Promise.all(mirrors.map((mirror) => mirror.stop()))
  })
})

describe('router state while Redis is away', () => {
  test('goes on with the local copy, keeps what was open, and comes back', async () => {
    const server = await startRedis({})
    const redis = new Redis(server.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 50,
    })
    redis.on('error', () => {})
    try {
      if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve))
      const settings = routerSettings({ breaker: { open_ms: 60_000 } })
      const other = new RedisRouterState(redis, settings)
      const hub = new Hub({
        memory: new MemoryRouterState(settings, clock),
        shared: new RedisRouterState(redis, settings),
        control: undefined,
        clock,
        timeoutMs: 30_000,
        log: silent,
      })
      await other.apply(failures(5, 'a|other'))
      await hub.apply(flight('begin', 'r1'))
      assert.equal((await hub.snapshot()).breakers['a|other']?.cause, 'failures')
      await server.kill()
      await hub.apply(failures(5, 'b|mine'))
      await sleep(210)
      const local = await hub.snapshot()
      assert.equal(hub.isLocal, true)
      assert.deepEqual(Object.keys(local.breakers).sort(), ['a|other', 'b|mine'])
      assert.equal(local.inFlight.a, 1)
      assert.equal(await hub.acquireProbe('b|mine'), false)
      await server.restart()
      for (let waited = 0; waited < 60_000 && hub.isLocal; waited += 100) {
        await sleep(100)
        await hub.acquireProbe('x|y')
      }
      assert.equal(hub.isLocal, false)
    } finally {
      redis.disconnect()
      await server.stop()
    }
  })
})
