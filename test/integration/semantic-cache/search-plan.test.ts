import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { CacheEntry } from '../../../plugins/semantic-cache/store/cache-store.ts'
import { contextTag } from '../../../plugins/semantic-cache/store/redis/keys.ts'
import { RedisCacheStore } from '../../../plugins/semantic-cache/store/redis-cache-store.ts'
import { collectingLog } from '../../support/rig.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'

const DIMENSIONS = 384
const SCOPE = '["global"]'
const NEIGHBOURS = 5
const DEADLINE_MS = 60_000

let server: RedisServer
before(async () => {
  server = await startRedis({})
})
after(() => server.stop())

/** On an arc, so that the neighbours of an entry are those with the next numbers. */
function onArc(place: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS)
  vector[0] = Math.cos(place * 0.02)
  vector[1] = Math.sin(place * 0.02)
  return vector
}

function entryOf(context: string, n: number): CacheEntry {
  const nowMs = Date.now()
  return {
    ...{ scope: SCOPE, key: `${context}-${n}`, context, query: `question ${n}`, model: 'm' },
    choices: [{ index: 0, content: 'answer', finishReason: 'stop' }],
    ...{ promptTokens: 1, completionTokens: 1, storedMs: nowMs, expiresMs: nowMs + 3_600_000 },
  }
}

/** The HYBRID_POLICY of each search of a context that Redis has been sent; "" for none. */
async function watchPolicies(tag: string): Promise<{ policies: string[]; end: () => void }> {
  const redis = new Redis(server.url)
  const monitor = await redis.monitor()
  const policies: string[] = []
  monitor.on('monitor', (_time: string, args: string[]) => {
    const [command, , query = ''] = args
    if (command?.toUpperCase() !== 'FT.SEARCH' || !query.includes(`{${tag}}`) || !query.includes('KNN'))
      return
    policies.push(/HYBRID_POLICY (\w+)/.exec(query)?.[1] ?? '')
  })
  return {
    policies,
    end: () => {
      monitor.disconnect()
      redis.disconnect()
    },
  }
}

for (const { context, entries, policy } of [
  { context: 'large', entries: 60, policy: 'BATCHES' },
  { context: 'small', entries: 20, policy: 'ADHOC_BF' },
]) {
  test(`a ${context} context has the same neighbours with ${policy} as without a plan`, async (t) => {
    const redis = new Redis(server.url)
    await redis.flushall()
    const store = new RedisCacheStore(redis, {
      ...{ keys: { prefix: 'plan:', cluster: false }, identity: `test-${context}`, dimensions: DIMENSIONS },
      ...{ limits: { maxEntries: 1000, maxBytes: 1 << 26 }, storePrompts: false },
      // Every search has its context counted, so that the second one has a plan.
      ...{ searchTimeoutMs: 10_000, slowSearchMs: 0, now: Date.now, log: collectingLog([]) },
    })
    const { policies, end } = await watchPolicies(contextTag(SCOPE, context))
    t.after(async () => {
      end()
      await store.close()
      redis.disconnect()
    })
    await store.prepare()
    for (let n = 0; n < entries; n++) await store.put(entryOf(context, n), onArc(n))
    for (let n = 0; n < 80 - entries; n++) await store.put(entryOf('other', n), onArc(n))

    const search = async (place: number) => {
      const found = await store.nearest(SCOPE, context, onArc(place), NEIGHBOURS)
      return found.map(({ entry }) => entry.key)
    }
    // A little off an entry, so that no two of its neighbours are equally near.
    const places = [0.2, 7.2, entries / 2 + 0.2, entries - 0.8]
    const nearest = (place: number) =>
      Array.from({ length: entries }, (_, n) => n)
        .sort((a, b) => Math.abs(a - place) - Math.abs(b - place))
        .slice(0, NEIGHBOURS)
        .map((n) => `${context}-${n}`)

    assert.deepEqual(await search(3.2), nearest(3.2))
    const until = Date.now() + DEADLINE_MS
    while (!policies.includes(policy)) {
      assert.ok(Date.now() < until, `no search with ${policy}: ${policies.join(' ')}`)
      await search(3.2)
      await sleep(10)
    }
    assert.equal(policies[0], '', 'the first search had no plan')
    for (const place of places) assert.deepEqual(await search(place), nearest(place), `near ${place}`)
    assert.deepEqual([...new Set(policies)], ['', policy])
  })
}
