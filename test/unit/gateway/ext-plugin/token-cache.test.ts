import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenCache } from '../../../gateway/ext-plugin/token-cache.ts'

function counting() {
  const keys: string[] = []
  return {
    keys,
    prepare: async (key: string) => {
      keys.push(key)
      return keys.length
    },
  }
}

test('a place and version is prepared once, by whoever asks first', async () => {
  const cache = new TokenCache(3600)
  const { keys, prepare } = counting()
  const tokens = await Promise.all([
    cache.get('route#1#p', '7', prepare),
    cache.get('route#1#p', '7', prepare),
  ])
  assert.deepEqual(tokens, [1, 1])
  assert.equal(cache.get('route#1#p', '7', prepare), 1)
  assert.deepEqual(keys, ['route#1#p#7'])
})

test('an old version is still known to the shared layer', async () => {
  const cache = new TokenCache(3600)
  const { keys, prepare } = counting()
  await cache.get('p', '1', prepare)
  await cache.get('p', '2', prepare)
  assert.equal(await cache.get('p', '1', prepare), 1)
  assert.deepEqual(keys, ['p#1', 'p#2'])
})

test('the shared layer forgets after 0.9 of the expire time, the local one after all of it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const cache = new TokenCache(100)
  const { keys, prepare } = counting()
  await cache.get('p', '1', prepare)
  t.mock.timers.tick(95_000)
  assert.equal(cache.get('p', '1', prepare), 1)
  t.mock.timers.tick(6000)
  assert.equal(await cache.get('p', '1', prepare), 2)
  assert.equal(keys.length, 2)
})

test('a flush forgets every token', async () => {
  const cache = new TokenCache(3600)
  const { keys, prepare } = counting()
  await cache.get('a', '1', prepare)
  await cache.get('b', '1', prepare)
  cache.flush()
  await cache.get('a', '1', prepare)
  await cache.get('b', '1', prepare)
  assert.equal(keys.length, 4)
})

test('a preparation that fails is tried again by the next call', async () => {
  const cache = new TokenCache(3600)
  await assert.rejects(async () => cache.get('a', '1', () => Promise.reject(new Error('refused'))))
  assert.equal(await cache.get('a', '1', async () => 5), 5)
})
