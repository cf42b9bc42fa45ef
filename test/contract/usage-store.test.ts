import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { calendarIn } from '../../plugins/token-metering/calendar.ts'
import type { Limits } from '../../plugins/token-metering/limits.ts'
import { MemoryUsageStore } from '../../plugins/token-metering/store/memory-usage-store.ts'
import { UsageKeys } from '../../plugins/token-metering/store/redis/keys.ts'
import { RedisUsageStore } from '../../plugins/token-metering/store/redis-usage-store.ts'
import type { Reservation, UsageStore } from '../../plugins/token-metering/store/usage-store.ts'
import { seededRandom } from '../provider/script.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { usageEntry } from '../support/usage-entry.ts'

const calendar = calendarIn('UTC')
const NOON = Date.UTC(2026, 10, 22, 12)
const DOLLAR = 1_000_000_000_000n

interface World {
  readonly store: UsageStore
  now: number
}

/** What every store must do; each test has consumers of its own, so that they can share a server. */
function contract(name: string, open: (now: () => number) => UsageStore) {
  describe(name, () => {
    const world = (): World => {
      const own: { now: number } = { now: NOON }
      const store = open(() => own.now)
      return Object.assign(own, { store })
    }
    const consumer = () => `c-${randomUUID()}`
    const reservation = (
      { now }: World,
      who: string,
      limits: Limits,
      more: Partial<Reservation> = {},
    ): Reservation => ({
      requestId: randomUUID(),
      consumer: who,
      tokens: 100,
      picoUsd: 0n,
      limits,
      day: calendar.day(now),
      month: calendar.month(now),
      nowMs: now,
      expiresMs: now + 600_000,
      ...more,
    })

    test('lets 20 of 200 parallel requests through a quota for 20, whichever limit it is', async () => {
      const w = world()
      const quotas: [Limits, Partial<Reservation>][] = [
        [{ tokens_per_day: 2000 }, {}],
        [{ tokens_per_minute: 2000 }, {}],
        [{ requests_per_minute: 20 }, {}],
        [{ concurrent_requests: 20 }, {}],
        [{ usd_per_day: '20.000000000002' }, { picoUsd: DOLLAR }],
        [{ usd_per_month: '20' }, { picoUsd: DOLLAR }],
      ]
      for (const [limits, more] of quotas) {
        const who = consumer()
        const results = await Promise.all(
          Array.from({ length: 200 }, () => w.store.reserve(reservation(w, who, limits, more))),
        )
        assert.equal(results.filter((result) => result.allowed).length, 20, JSON.stringify(limits))
        const [exceeded] = results.flatMap((result) => (result.allowed ? [] : [result.exceeded]))
        assert.equal(exceeded, Object.keys(limits)[0])
      }
    })

    test('gives back what a released request held', async () => {
      const w = world()
      const who = consumer()
      const limits = {
        tokens_per_day: 100,
        tokens_per_minute: 100,
        concurrent_requests: 1,
        requests_per_minute: 1,
      }
      const first = reservation(w, who, limits)
      assert.equal((await w.store.reserve(first)).allowed, true)
      assert.equal((await w.store.reserve(reservation(w, who, limits))).allowed, false)
      await w.store.release(who, first.requestId)
      await w.store.release(who, first.requestId)
      assert.equal((await w.store.reserve(reservation(w, who, limits))).allowed, true)
    })

    test('lets a reservation expire by itself', async () => {
      const w = world()
      const who = consumer()
      const limits = { tokens_per_day: 100, concurrent_requests: 1, usd_per_day: '1' }
      const more = { picoUsd: DOLLAR, expiresMs: NOON + 5000 }
      assert.equal((await w.store.reserve(reservation(w, who, limits, more))).allowed, true)
      w.now += 4999
      assert.equal((await w.store.reserve(reservation(w, who, limits))).allowed, false)
      w.now += 1
      assert.equal((await w.store.reserve(reservation(w, who, limits, { picoUsd: DOLLAR }))).allowed, true)
    })

    test('settles with less than was reserved, and with more', async () => {
      const w = world()
      const who = consumer()
      const limits = { tokens_per_day: 1000, tokens_per_minute: 500 }
      const first = reservation(w, who, limits, { tokens: 400 })
      await w.store.reserve(first)
      await w.store.commit([usageEntry({ who, id: first.requestId, prompt: 10, completion: 20, atMs: NOON })])
      const second = reservation(w, who, limits, { tokens: 100 })
      const left = await w.store.reserve(second)
      assert.equal(left.allowed && left.remaining.tokens, 500 - 30 - 100)
      await w.store.commit([
        usageEntry({ who, id: second.requestId, prompt: 100, completion: 800, atMs: NOON }),
      ])
      const third = await w.store.reserve(reservation(w, who, limits, { tokens: 1 }))
      assert.equal(!third.allowed && third.exceeded, 'tokens_per_minute')
      w.now += 61_000
      assert.equal((await w.store.reserve(reservation(w, who, limits, { tokens: 70 }))).allowed, true)
      const over = await w.store.reserve(reservation(w, who, limits, { tokens: 1 }))
      assert.equal(!over.allowed && over.exceeded, 'tokens_per_day')
    })

    test('counts a request id once, in one batch, in later ones and in parallel', async () => {
      const w = world()
      const who = consumer()
      const entry = usageEntry({ who, id: randomUUID(), prompt: 3, completion: 4, picoUsd: 5n, atMs: NOON })
      assert.deepEqual(await w.store.commit([entry, entry]), ['new', 'duplicate'])
      assert.deepEqual(await w.store.commit([entry]), ['duplicate'])
      const other = usageEntry({ who, id: randomUUID(), prompt: 3, completion: 4, atMs: NOON })
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => w.store.commit([other])))
      assert.equal(outcomes.flat().filter((outcome) => outcome === 'new').length, 1)
      const usage = await w.store.usage(who, '2026-11-22')
      assert.deepEqual(usage, {
        requests: 2,
        promptTokens: 6,
        completionTokens: 8,
        totalTokens: 14,
        picoUsd: 5n,
      })
    })

    test('counts a commit without a reservation, in the last minute too', async () => {
      const w = world()
      const who = consumer()
      await w.store.commit([usageEntry({ who, id: randomUUID(), prompt: 60, completion: 40, atMs: NOON })])
      const result = await w.store.reserve(reservation(w, who, { tokens_per_minute: 150 }))
      assert.equal(!result.allowed && result.exceeded, 'tokens_per_minute')
      assert.equal((await w.store.usage(who, '2026-11-22')).totalTokens, 100)
    })

    test('begins anew with the day, and for money with the month', async () => {
      const w = world()
      const who = consumer()
      w.now = Date.UTC(2026, 10, 30, 23, 59)
      const limits = { tokens_per_day: 100, usd_per_month: '1' }
      const spent = { who, id: randomUUID(), prompt: 100, completion: 0, picoUsd: DOLLAR, atMs: w.now }
      await w.store.commit([usageEntry(spent)])
      const before = await w.store.reserve(reservation(w, who, limits))
      assert.equal(!before.allowed && before.exceeded, 'tokens_per_day')
      assert.ok(!before.allowed && before.retryAfterMs <= 61_000)
      const money = await w.store.reserve(reservation(w, who, { usd_per_month: '1' }, { picoUsd: 1n }))
      assert.equal(!money.allowed && money.exceeded, 'usd_per_month')
      w.now = Date.UTC(2026, 11, 1)
      assert.equal((await w.store.reserve(reservation(w, who, limits, { picoUsd: DOLLAR }))).allowed, true)
    })

    test('adds and compares money exactly beyond what a double can hold', async () => {
      const w = world()
      const who = consumer()
      const big = 9_876_543_210n * DOLLAR + 123_456_789_012n
      const ids = Array.from({ length: 9 }, () => randomUUID())
      const entries = ids.map((id) =>
        usageEntry({ who, id, prompt: 1, completion: 0, picoUsd: big, atMs: NOON }),
      )
      await w.store.commit(entries)
      assert.equal((await w.store.usage(who, '2026-11-22')).picoUsd, 9n * big)
      const limits = { usd_per_day: '88888888891.111111101109' }
      const exact = 9n * big + 1n
      assert.equal(exact, 88_888_888_891n * DOLLAR + 111_111_101_109n)
      assert.equal((await w.store.reserve(reservation(w, who, limits, { picoUsd: 2n }))).allowed, false)
      assert.equal((await w.store.reserve(reservation(w, who, limits, { picoUsd: 1n }))).allowed, true)
    })

    test('lets no more than the limit through in any 60 seconds', async () => {
      const w = world()
      const who = consumer()
      const limits = { requests_per_minute: 5 }
      const passed: number[] = []
      for (w.now = NOON + 999; w.now < NOON + 200_000; w.now += 1700) {
        if ((await w.store.reserve(reservation(w, who, limits))).allowed) passed.push(w.now)
      }
      for (const [i, at] of passed.entries()) {
        assert.ok(passed.filter((then, j) => j >= i && then < at + 60_000).length <= 5)
      }
      assert.ok(passed.length >= 15, `${passed.length} passed`)
      const refused = await w.store.reserve(reservation(w, who, limits))
      if (!refused.allowed) w.now += refused.retryAfterMs
      assert.equal((await w.store.reserve(reservation(w, who, limits))).allowed, true)
    })

    test('holds a later pass of the same request once', async () => {
      const w = world()
      const who = consumer()
      const limits = {
        tokens_per_day: 250,
        concurrent_requests: 1,
        requests_per_minute: 1,
        tokens_per_minute: 250,
      }
      const first = reservation(w, who, limits)
      await w.store.reserve(first)
      const again = await w.store.reserve({ ...first, tokens: 200 })
      assert.equal(again.allowed && again.remaining.tokens, 50)
      const tooMuch = await w.store.reserve({ ...first, tokens: 300 })
      assert.equal(tooMuch.allowed, false)
      await w.store.commit([usageEntry({ who, id: first.requestId, prompt: 1, completion: 1, atMs: NOON })])
      const next = await w.store.reserve(reservation(w, who, { tokens_per_day: 250 }))
      assert.equal(next.allowed && next.remaining.tokens, 148)
    })

    test('keeps consumers apart whatever their names are', async () => {
      const w = world()
      const suffix = randomUUID()
      const names = ['业务部门', 'a:b', 'a', 'b:a', 'a b', 'a%20b', 'a{b}', '{a}b', 'ünï', '👩‍💻', 'a\nb']
      for (const [i, name] of names.entries()) {
        const entry = { who: `${name}${suffix}`, id: randomUUID(), prompt: i + 1, completion: 0, atMs: NOON }
        await w.store.commit([usageEntry(entry)])
      }
      for (const [i, name] of names.entries()) {
        const { requests, totalTokens } = await w.store.usage(`${name}${suffix}`, '2026-11-22')
        assert.deepEqual([requests, totalTokens], [1, i + 1], name)
      }
    })
  })
}

contract('embedded usage store', (now) => new MemoryUsageStore({ calendar, now }))

for (const cluster of [false, true]) {
  describe(cluster ? 'in a Redis Cluster' : 'in Redis', () => {
    let server: RedisServer
    let redis: Redis
    before(async () => {
      server = cluster ? await startRedis({ args: ['--cluster-enabled', 'yes'] }) : await startRedis()
      redis = new Redis(server.url)
      if (cluster) {
        await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
        while (!String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    })
    after(async () => {
      redis.disconnect()
      await server.stop()
    })
    const open = (now: () => number, more: { outboxMaxEvents?: number } = {}) =>
      new RedisUsageStore(redis, {
        keys: new UsageKeys({ prefix: 'p:', cluster }),
        calendar,
        now,
        rememberIdsS: 3600,
        keepDays: 100,
        keepMonths: 25,
        outboxMaxEvents: 100_000,
        alertPercents: [50, 80, 100],
        ...more,
      })
    contract(cluster ? 'usage store in a Redis Cluster' : 'usage store in Redis', (now) => open(now))

    test('answers as the embedded store does, whatever happens in whatever order', async () => {
      const random = seededRandom(7)
      const below = (n: number) => Math.floor(random() * n)
      for (let round = 0; round < 8; round++) {
        let now = NOON + below(5000)
        const stores = [new MemoryUsageStore({ calendar, now: () => now }), open(() => now)]
        const who = `compared-${round}-${randomUUID()}`
        const limits: Limits = {
          ...{ tokens_per_minute: 2000, requests_per_minute: 12, tokens_per_day: 20_000 },
          ...{ concurrent_requests: 10, usd_per_day: '3', usd_per_month: '4' },
        }
        const known: string[] = []
        for (let step = 0; step < 150; step++) {
          now += below(4) === 0 ? below(20_000) : below(900)
          const id = known.length > 0 && below(3) > 0 ? (known[below(known.length)] ?? '') : randomUUID()
          const act = below(6)
          const reserved: Reservation = {
            ...{ requestId: id, consumer: who, tokens: below(400), limits, nowMs: now },
            ...{ picoUsd: (DOLLAR * BigInt(below(10))) / 100n, expiresMs: now + 5000 + below(30_000) },
            ...{ day: calendar.day(now), month: calendar.month(now) },
          }
          const used = {
            who,
            id,
            prompt: below(300),
            completion: below(300),
            picoUsd: DOLLAR / 100n,
            atMs: now,
          }
          const answers: unknown[] = []
          for (const store of stores) {
            if (act < 4) answers.push(await store.reserve(reserved))
            else if (act === 4) answers.push(await store.release(who, id))
            else answers.push(await store.commit([usageEntry(used)]))
          }
          assert.deepEqual(answers[1], answers[0], `round ${round}, step ${step}`)
          if (act < 4) known.push(id)
        }
      }
    })

    test('survives a server that has forgotten the scripts, in a batch too', async () => {
      const store = open(() => NOON)
      const entries = () =>
        Array.from({ length: 3 }, () =>
          usageEntry({ who: 'flushed', id: randomUUID(), prompt: 1, completion: 0, atMs: NOON }),
        )
      assert.deepEqual(await store.commit(entries()), ['new', 'new', 'new'])
      await redis.script('FLUSH')
      assert.deepEqual(await store.commit(entries()), ['new', 'new', 'new'])
      await redis.script('FLUSH')
      await store.release('flushed', 'nothing')
      assert.equal((await store.usage('flushed', '2026-11-22')).requests, 6)
    })

    test('writes each new event to the outbox in the same step, and refuses when it is full', async () => {
      const keys = new UsageKeys({ prefix: 'p:', cluster })
      const stream = keys.events(keys.shardOf('outbox'))
      await redis.del(stream)
      const store = open(() => NOON, { outboxMaxEvents: 2 })
      const entries = [1, 2, 3].map((prompt) =>
        usageEntry({ who: 'outbox', id: randomUUID(), prompt, completion: 0, atMs: NOON }),
      )
      const results = await store.commitEach(entries)
      assert.deepEqual(
        results.map((result) => (result instanceof Error ? 'refused' : result.outcome)),
        ['new', 'new', 'refused'],
      )
      assert.equal((await store.usage('outbox', '2026-11-22')).totalTokens, 3)
      const stored = await redis.xrange(stream, '-', '+')
      assert.deepEqual(
        stored.map(([, [, json]]) => JSON.parse(json ?? '')),
        entries.slice(0, 2).map(({ event }) => event),
      )
    })

    test('keeps documented totals by model and token kind, and lets them expire', async () => {
      const store = open(() => NOON)
      const who = 'documented'
      await store.commit([
        usageEntry({ who, id: randomUUID(), prompt: 10, completion: 5, picoUsd: 7n, atMs: NOON }),
        usageEntry({
          who,
          id: randomUUID(),
          prompt: 1,
          completion: 1,
          picoUsd: DOLLAR,
          atMs: NOON,
          model: 'qwen',
        }),
      ])
      const key = new UsageKeys({ prefix: 'p:', cluster }).usage(who, '2026-11-22')
      assert.match(key, /^p:(\{usage-\d+\})?token_usage:documented:2026-11-22$/)
      const hash = await redis.hgetall(key)
      assert.equal(hash.requests, '2')
      assert.equal(hash.total_t, '17')
      assert.deepEqual([hash.cost_usd, hash.cost_pico], ['1', '7'])
      assert.equal(hash['model:qwen:total_t'], '2')
      assert.equal(hash['model:gpt-4o:cost_pico'], '7')
      assert.ok((await redis.ttl(key)) > 99 * 86_400)
    })

    test('puts aside what others kept under the names of its totals, and loses no event by it', async () => {
      const keys = new UsageKeys({ prefix: 'p:', cluster })
      const foreign = ['2026-11-22', '2026-11'].map((period) => keys.usage('before', period))
      for (const key of foreign) await redis.set(key, '4711')
      const store = open(() => NOON)
      const entry = usageEntry({ who: 'before', id: randomUUID(), prompt: 1, completion: 1, atMs: NOON })
      assert.deepEqual(await store.commit([entry]), ['new'])
      assert.deepEqual(await store.commit([entry]), ['duplicate'])
      assert.equal((await store.usage('before', '2026-11-22')).requests, 1)
      for (const key of foreign) assert.equal(await redis.get(`${key}:not-ours`), '4711')
      const other = keys.usage('before us', '2026-11-22')
      await redis.lpush(other, 'x')
      const limits = { tokens_per_day: 100, usd_per_month: '1' }
      const request: Reservation = {
        ...{ requestId: randomUUID(), consumer: 'before us', tokens: 10, picoUsd: 0n, limits },
        ...{ day: '2026-11-22', month: '2026-11', nowMs: NOON, expiresMs: NOON + 1000 },
      }
      assert.equal((await store.reserve(request)).allowed, true)
      assert.equal(await redis.llen(`${other}:not-ours`), 1)
    })

    test('raises each budget alert once', async () => {
      const keys = new UsageKeys({ prefix: 'p:', cluster })
      const who = 'budgeted'
      const stream = keys.alerts(keys.shardOf(who))
      await redis.del(stream)
      const store = open(() => NOON)
      const limits = { tokens_per_day: 100, usd_per_month: '10' }
      for (let i = 0; i < 10; i++) {
        const request: Reservation = {
          ...{ requestId: randomUUID(), consumer: who, tokens: 10, picoUsd: 0n, limits },
          ...{ day: '2026-11-22', month: '2026-11', nowMs: NOON, expiresMs: NOON + 1000 },
        }
        await store.reserve(request)
        const used = {
          who,
          id: request.requestId,
          prompt: 10,
          completion: 0,
          picoUsd: DOLLAR / 2n,
          atMs: NOON,
        }
        await store.commit([usageEntry(used)])
      }
      const alerts = (await redis.xrange(stream, '-', '+')).map(([, [, json]]) => JSON.parse(json ?? ''))
      assert.deepEqual(
        alerts.map(({ alert_id, used }) => [alert_id, used]),
        [
          ['budgeted:2026-11-22:tokens_per_day:50', '50'],
          ['budgeted:2026-11-22:tokens_per_day:80', '80'],
          ['budgeted:2026-11:usd_per_month:50', '5.000000000000'],
          ['budgeted:2026-11-22:tokens_per_day:100', '100'],
        ],
      )
    })
  })
}
