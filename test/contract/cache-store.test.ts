import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { CacheEntry, CacheStore, ScopeLimits } from '../../plugins/semantic-cache/store/cache-store.ts'
import type { CacheInventory } from '../../plugins/semantic-cache/store/inventory.ts'
import { MemoryCacheStore } from '../../plugins/semantic-cache/store/memory-cache-store.ts'
import { RedisCacheStore } from '../../plugins/semantic-cache/store/redis-cache-store.ts'
import { RedisInventory } from '../../plugins/semantic-cache/store/redis-inventory.ts'
import { collectingLog } from '../support/rig.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'

const DIMENSIONS = 8

interface World {
  readonly store: CacheStore
  readonly inventory: CacheInventory
  /** Moves the store's clock only; Redis expires by its own. */
  now: number
  /** Whatever is counted later is counted now, whatever is indexed later is indexed now. */
  settle(): Promise<void>
}

interface Wanted {
  readonly limits?: ScopeLimits
  readonly storePrompts?: boolean
}

const ROOMY: ScopeLimits = { maxEntries: 1000, maxBytes: 1 << 24 }

/** A vector whose first places say where it points. */
function vector(...first: number[]): Float32Array {
  const all = Float32Array.from({ length: DIMENSIONS }, (_, i) => first[i] ?? 0)
  const length = Math.hypot(...all)
  return all.map((x) => x / length)
}

function entryOf(own: Partial<CacheEntry> & { scope: string; key: string }, nowMs: number): CacheEntry {
  return {
    context: 'c',
    query: 'How do I read a file?',
    choices: [{ index: 0, content: `answer of ${own.key}`, finishReason: 'stop' }],
    model: 'gpt-4o',
    promptTokens: 10,
    completionTokens: 5,
    storedMs: nowMs,
    expiresMs: nowMs + 60_000,
    ...own,
  }
}

/** What every store must do; each test has scopes of its own, so that they can share a server. */
function contract(name: string, open: (wanted: Wanted) => World) {
  describe(name, () => {
    const scopeName = () => JSON.stringify(['consumer', randomUUID()])

    test('gives back what was put, with every field', async () => {
      const w = open({})
      const long = '长答案 with "quotes" and \u0000 '.repeat(500)
      const entry = entryOf(
        {
          scope: scopeName(),
          key: 'k',
          query: '问题？',
          choices: [{ index: 0, content: long, finishReason: 'stop' }],
        },
        w.now,
      )
      await w.store.put(entry, vector(1))
      assert.deepEqual(await w.store.get(entry.scope, 'k'), entry)
      const [found] = await w.store.nearest(entry.scope, 'c', vector(1), 3)
      assert.deepEqual(found?.entry, entry)
      assert.ok(Math.abs((found?.similarity ?? 0) - 1) < 1e-5)
    })

    test('replaces an entry of the same key', async () => {
      const w = open({})
      const scope = scopeName()
      await w.store.put(entryOf({ scope, key: 'k', model: 'old' }, w.now), vector(1))
      await w.store.put(entryOf({ scope, key: 'k', model: 'new' }, w.now), undefined)
      assert.equal((await w.store.get(scope, 'k'))?.model, 'new')
      assert.deepEqual(await w.store.nearest(scope, 'c', vector(1), 3), [])
    })

    test('never shows an entry to another scope, however near its name', async () => {
      const w = open({})
      const own = randomUUID()
      const composed = `caf\u00e9${own}`
      const names = [
        ...[
          composed,
          composed.normalize('NFD'),
          composed.toUpperCase(),
          `${composed}\u200b`,
          `\ufeff${composed}`,
        ],
        ...[
          `${composed}"`,
          `"${composed}`,
          `${composed}","x`,
          `${composed}\\`,
          ` ${composed}`,
          `${composed} `,
        ],
        ...[
          `${composed}*`,
          `${composed}|x`,
          `{${composed}}`,
          `${composed}:c`,
          `\uff43\uff41\uff46\u00e9${own}`,
        ],
      ].map((consumer) => JSON.stringify(['consumer', consumer]))
      names.push(composed, JSON.stringify(['tier', composed]), JSON.stringify(['route', composed]))
      assert.equal(new Set(names).size, names.length)
      const [first = '', ...others] = names
      await w.store.put(entryOf({ scope: first, key: 'k' }, w.now), vector(1))
      for (const scope of others) {
        assert.equal(await w.store.get(scope, 'k'), undefined, scope)
        assert.deepEqual(await w.store.nearest(scope, 'c', vector(1), 5), [], scope)
      }
      for (const scope of others)
        await w.store.put(entryOf({ scope, key: 'k', model: scope }, w.now), vector(1))
      for (const scope of others) {
        assert.equal((await w.store.get(scope, 'k'))?.model, scope)
        const found = await w.store.nearest(scope, 'c', vector(1), 5)
        assert.deepEqual(
          found.map(({ entry }) => entry.model),
          [scope],
        )
      }
      for (const scope of names) await w.inventory.purge({ scope })
    })

    test('finds the nearest of the same context only, nearest first', async () => {
      const w = open({})
      const scope = scopeName()
      const put = (key: string, context: string, ...first: number[]) =>
        w.store.put(entryOf({ scope, key, context }, w.now), vector(...first))
      await put('far', 'c', 1, 1)
      await put('near', 'c', 1, 0.1)
      await put('nearer', 'c', 1, 0.01)
      await put('nearest but of another context', 'd', 1)
      await put('context that only differs in case', 'C', 1)
      const found = await w.store.nearest(scope, 'c', vector(1), 2)
      assert.deepEqual(
        found.map(({ entry }) => entry.key),
        ['nearer', 'near'],
      )
      assert.ok(found.every(({ similarity }, i) => similarity <= (found[i - 1]?.similarity ?? 1)))
      assert.equal((await w.store.nearest(scope, 'e', vector(1), 2)).length, 0)
    })

    test('finds nothing with a vector of another length', async () => {
      const w = open({})
      const scope = scopeName()
      await w.store.put(entryOf({ scope, key: 'k' }, w.now), new Float32Array([1, 0]))
      assert.equal((await w.store.get(scope, 'k'))?.key, 'k')
      await w.store.put(entryOf({ scope, key: 'l' }, w.now), vector(1))
      assert.deepEqual(await w.store.nearest(scope, 'c', new Float32Array([1, 0]), 3), [])
    })

    test('lets entries expire', async () => {
      const w = open({})
      const scope = scopeName()
      await w.store.put(entryOf({ scope, key: 'k', expiresMs: w.now + 5000 }, w.now), vector(1))
      assert.ok(await w.store.get(scope, 'k'))
      w.now += 5001
      assert.equal(await w.store.get(scope, 'k'), undefined)
      assert.deepEqual(await w.store.nearest(scope, 'c', vector(1), 3), [])
    })

    test('keeps no more entries of a scope than its limit, least recently used first', async () => {
      const w = open({ limits: { maxEntries: 3, maxBytes: 1 << 20 } })
      const scope = scopeName()
      const other = scopeName()
      await w.store.put(entryOf({ scope: other, key: 'other' }, w.now), vector(1))
      for (const key of ['a', 'b', 'c']) {
        w.now += 10
        await w.store.put(entryOf({ scope, key }, w.now), vector(1))
      }
      w.now += 10
      await w.store.used(scope, 'a', 1)
      await w.settle()
      for (const key of ['d', 'e']) {
        w.now += 10
        await w.store.put(entryOf({ scope, key }, w.now), vector(1))
      }
      const kept = []
      for (const key of ['a', 'b', 'c', 'd', 'e']) if (await w.store.get(scope, key)) kept.push(key)
      assert.deepEqual(kept, ['a', 'd', 'e'])
      assert.ok(await w.store.get(other, 'other'))
      assert.equal((await w.store.nearest(scope, 'c', vector(1), 10)).length, 3)
    })

    test('keeps no more bytes of a scope than its limit, and nothing that is larger than it', async () => {
      const w = open({ limits: { maxEntries: 100, maxBytes: 20_000 } })
      const scope = scopeName()
      // Random, so that no compression makes them small.
      const noise = (length: number) =>
        Array.from({ length }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
      const put = (key: string, length: number) => {
        w.now += 10
        const choices = [{ index: 0, content: noise(length), finishReason: 'stop' }]
        return w.store.put(entryOf({ scope, key, choices }, w.now), undefined)
      }
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await put(key, 4000)
      assert.equal(await w.store.get(scope, 'a'), undefined)
      assert.ok(await w.store.get(scope, 'h'))
      const { scopes } = await w.inventory.stats()
      const own = scopes.find((one) => one.scope === scope)
      assert.ok((own?.bytes ?? 0) > 0 && (own?.bytes ?? 0) <= 20_000, JSON.stringify(own))
      await put('huge', 40_000)
      assert.equal(await w.store.get(scope, 'huge'), undefined)
    })

    test('gives a claim to one of many, until it is released or runs out', async () => {
      const w = open({})
      const scope = scopeName()
      const claims = await Promise.all(Array.from({ length: 20 }, () => w.store.claim(scope, 'k', 60_000)))
      assert.equal(claims.filter(Boolean).length, 1)
      assert.equal(await w.store.isClaimed(scope, 'k'), true)
      assert.equal(await w.store.isClaimed(scopeName(), 'k'), false)
      await w.store.release(scope, 'k')
      assert.equal(await w.store.isClaimed(scope, 'k'), false)
      assert.equal(await w.store.claim(scope, 'k', 60_000), true)
      await w.store.put(entryOf({ scope, key: 'k' }, w.now), undefined)
      assert.equal(await w.store.isClaimed(scope, 'k'), false)
    })

    test('lists entries by scope, model, age, uses and similarity, without any text', async () => {
      const w = open({})
      const scope = scopeName()
      const models = ['gpt-4o', 'a|b,c{d} "e"', 'GPT-4o', '通义']
      for (const [i, model] of models.entries()) {
        const entry = entryOf({ scope, key: `k${i}`, model, storedMs: w.now - i * 1000 }, w.now)
        await w.store.put(entry, vector(1))
      }
      await w.store.used(scope, 'k1', 0.93)
      await w.store.used(scope, 'k1', 0.97)
      await w.store.used(scope, 'k2', 1)
      await w.settle()
      const page = { order: 'stored', offset: 0, limit: 10 } as const
      const keys = async (filter: Parameters<CacheInventory['list']>[0], own = {}) => {
        const found = await w.inventory.list({ scope, ...filter }, { ...page, ...own })
        return found.entries.map(({ id }) => id.split(':')[1])
      }
      assert.deepEqual(await keys({}), ['k0', 'k1', 'k2', 'k3'])
      for (const [i, model] of models.entries()) assert.deepEqual(await keys({ model }), [`k${i}`], model)
      assert.deepEqual(await keys({ storedBeforeMs: w.now - 1500 }), ['k2', 'k3'])
      assert.deepEqual(await keys({ storedAfterMs: w.now - 1500 }), ['k0', 'k1'])
      assert.deepEqual(await keys({ minUses: 1 }, { order: 'uses' }), ['k1', 'k2'])
      assert.deepEqual(await keys({ maxUses: 0 }), ['k0', 'k3'])
      assert.deepEqual(await keys({ maxSimilarity: 0.95 }), ['k1'])
      assert.deepEqual((await keys({}, { order: 'similarity' }))[0], 'k1')
      assert.deepEqual(await keys({}, { offset: 1, limit: 2 }), ['k1', 'k2'])
      const { total, entries } = await w.inventory.list({ scope, model: models[1] ?? '' }, page)
      assert.equal(total, 1)
      const { id, bytes, lastUsedMs, expiresMs, ...rest } = entries[0] ?? {}
      assert.ok(id && bytes && lastUsedMs && expiresMs)
      assert.deepEqual(rest, {
        ...{ scope, model: models[1], storedMs: w.now - 1000, uses: 2, lowestSimilarity: 0.93 },
        ...{ promptTokens: 10, completionTokens: 5, semantic: true, prompt: undefined },
      })
      assert.equal((await w.inventory.inspect(id))?.choices, undefined)
      await w.inventory.purge({ scope })
    })

    test('shows texts when storing prompts is switched on', async () => {
      const w = open({ storePrompts: true })
      const entry = entryOf({ scope: scopeName(), key: 'k' }, w.now)
      await w.store.put(entry, undefined)
      const { entries } = await w.inventory.list(
        { scope: entry.scope },
        { order: 'stored', offset: 0, limit: 1 },
      )
      const found = await w.inventory.inspect(entries[0]?.id ?? '')
      assert.equal(found?.meta.prompt, entry.query)
      assert.deepEqual(found?.choices, entry.choices)
    })

    test('removes by id, and purges by scope, model and age; the books stay true', async () => {
      const w = open({})
      const scope = scopeName()
      const other = scopeName()
      const model = `m-${randomUUID()}`
      for (let i = 0; i < 6; i++) {
        const own = { scope, key: `k${i}`, model: i < 2 ? model : 'rest', storedMs: w.now - i * 1000 }
        await w.store.put(entryOf(own, w.now), vector(1))
      }
      await w.store.put(entryOf({ scope: other, key: 'k', model }, w.now), vector(1))
      const booked = async (name: string) =>
        (await w.inventory.stats()).scopes.find((one) => one.scope === name)?.entries ?? 0
      assert.equal(await booked(scope), 6)
      const [last] = (await w.inventory.list({ scope }, { order: 'stored', offset: 5, limit: 1 })).entries
      assert.equal(await w.inventory.remove(last?.id ?? ''), true)
      assert.equal(await w.inventory.remove(last?.id ?? ''), false)
      assert.equal(await w.inventory.remove('no id at all'), false)
      assert.equal(await w.inventory.inspect('no id at all'), undefined)
      assert.equal(await w.store.get(scope, 'k5'), undefined)
      assert.equal(await w.inventory.purge({ model }), 3)
      assert.equal(await booked(other), 0)
      assert.equal(await w.inventory.purge({ scope, storedBeforeMs: w.now - 2500 }), 2)
      assert.equal(await booked(scope), 1)
      assert.equal(await w.inventory.purge({ scope }), 1)
      assert.deepEqual(await w.store.nearest(scope, 'c', vector(1), 3), [])
    })

    test('purges everything and goes on', async () => {
      const w = open({})
      const scope = scopeName()
      for (let i = 0; i < 5; i++) await w.store.put(entryOf({ scope, key: `k${i}` }, w.now), vector(1))
      assert.ok((await w.inventory.purge({})) >= 5)
      const { entries, bytes, scopes } = await w.inventory.stats()
      assert.deepEqual({ entries, bytes, scopes }, { entries: 0, bytes: 0, scopes: [] })
      assert.equal(await w.store.get(scope, 'k0'), undefined)
      await w.store.put(entryOf({ scope, key: 'k' }, w.now), vector(1))
      await w.settle()
      assert.equal((await w.store.nearest(scope, 'c', vector(1), 3)).length, 1)
    })
  })
}

contract('embedded cache store', ({ limits = ROOMY, storePrompts = false }) => {
  const own = { now: Date.now(), settle: async () => {} }
  const store = new MemoryCacheStore({
    ...{ maxEntries: 1000, limits, storePrompts, embedder: 'test', dimensions: DIMENSIONS },
    now: () => own.now,
  })
  return Object.assign(own, { store, inventory: store })
})

for (const cluster of [false, true]) {
  describe(cluster ? 'in a Redis Cluster' : 'in Redis', () => {
    let server: RedisServer
    let redis: Redis
    const opened: RedisCacheStore[] = []
    before(async () => {
      server = await startRedis(cluster ? { args: ['--cluster-enabled', 'yes'] } : { appendonly: true })
      redis = new Redis(server.url)
      if (!cluster) return
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      while (!String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20)
    })
    after(async () => {
      for (const store of opened) await store.close()
      redis.disconnect()
      await server.stop()
    })
    const identity = () => `test-${randomUUID()}`
    const open = ({ limits = ROOMY, storePrompts = false }: Wanted, id = identity()) => {
      const own = { now: Date.now() }
      const store = new RedisCacheStore(redis, {
        // Every context is counted, so that searches go both with and without a plan.
        slowSearchMs: 0,
        ...{ keys: { prefix: 'p:', cluster }, identity: id, dimensions: DIMENSIONS },
        ...{ limits, storePrompts, searchTimeoutMs: 500 },
        ...{ now: () => own.now, log: collectingLog([]) },
      })
      opened.push(store)
      const inventory = new RedisInventory(redis, store, { identity: id, dimensions: DIMENSIONS })
      const ready = Promise.all([store.prepare(), inventory.prepare()])
      const waited = <T extends object>(object: T): T =>
        new Proxy(object, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name)
            if (typeof value !== 'function') return value
            return async (...args: unknown[]) => {
              await ready
              return value.apply(target, args)
            }
          },
        })
      const settle = async () => {
        await store.flushUses()
        for (;;) {
          const info = (await store.search.text(['FT.INFO', store.index.name])) as unknown[]
          if (String(info[info.indexOf('indexing') + 1]) === '0') return
          await sleep(10)
        }
      }
      return Object.assign(own, {
        store: waited(store),
        inventory: waited(inventory),
        settle,
        redisStore: store,
      })
    }
    contract(cluster ? 'cache store in a Redis Cluster' : 'cache store in Redis', (wanted) => open(wanted))

    test('keeps entries of another embedder apart, keys, index and all', async () => {
      const scope = '["consumer","a"]'
      const [first, second] = [open({}), open({})]
      await first.store.put(entryOf({ scope, key: 'k' }, first.now), vector(1))
      assert.equal(await second.store.get(scope, 'k'), undefined)
      assert.deepEqual(await second.store.nearest(scope, 'c', vector(1), 3), [])
      assert.notEqual(first.redisStore.keys.base, second.redisStore.keys.base)
    })

    test('makes the index any number of times, from several runners at once', async () => {
      const id = identity()
      const worlds = [open({}, id), open({}, id), open({}, id)]
      for (const w of worlds) await Promise.all([w.redisStore.prepare(), w.redisStore.prepare()])
      const [w] = worlds
      await w?.store.put(entryOf({ scope: 's', key: 'k' }, w.now), vector(1))
      assert.equal((await worlds[2]?.store.nearest('s', 'c', vector(1), 1))?.length, 1)
    })

    test('takes nothing from Redis that is not an entry of this scope', async () => {
      const w = open({})
      const mine = entryOf({ scope: 'mine', key: 'k' }, w.now)
      await w.store.put(mine, vector(1))
      const { keys } = w.redisStore
      await redis.copy(keys.entry('mine', 'k'), keys.entry('theirs', 'k'))
      assert.equal(await w.store.get('theirs', 'k'), undefined)
      for (const junk of [
        Buffer.alloc(0),
        Buffer.from([9, 1, 2]),
        Buffer.from([1, 255, 255]),
        Buffer.from([0, 123]),
      ]) {
        await redis.hset(keys.entry('mine', 'k'), 'd', junk)
        assert.equal(await w.store.get('mine', 'k'), undefined)
      }
    })

    test('a flush costs misses only; the index comes back by itself', async () => {
      const w = open({})
      await w.store.put(entryOf({ scope: 's', key: 'k' }, w.now), vector(1))
      await redis.flushall()
      assert.equal(await w.store.get('s', 'k'), undefined)
      assert.deepEqual(await w.store.nearest('s', 'c', vector(1), 1), [])
      await w.store.put(entryOf({ scope: 's', key: 'k' }, w.now), vector(1))
      await w.settle()
      assert.equal((await w.store.nearest('s', 'c', vector(1), 1)).length, 1)
    })

    test('sweeps what has expired out of the books', async () => {
      const w = open({})
      for (const key of ['a', 'b']) {
        await w.store.put(entryOf({ scope: 's', key, expiresMs: w.now + 1000 }, w.now), vector(1))
      }
      const inventory = new RedisInventory(redis, w.redisStore, { identity: 'x', dimensions: DIMENSIONS })
      assert.deepEqual((await inventory.totals()).entries, 2)
      assert.equal(await inventory.sweep(w.now + 1001), 2)
      assert.deepEqual(await inventory.totals(), { entries: 0, bytes: 0 })
      assert.deepEqual((await w.inventory.stats()).scopes, [])
    })

    if (cluster) return
    test('entries survive a new client and a restart of Redis', async () => {
      const id = identity()
      const w = open({}, id)
      await w.store.put(entryOf({ scope: 's', key: 'k' }, w.now), vector(1))
      await server.restart()
      const again = open({}, id)
      assert.equal((await again.store.get('s', 'k'))?.key, 'k')
      await again.settle()
      assert.equal((await again.store.nearest('s', 'c', vector(1), 1)).length, 1)
    })
  })
}
