import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryCacheStore } from '../../../../../plugins/semantic-cache/store/memory-cache-store.ts'
import { entryId } from '../../../../../plugins/semantic-cache/store/redis/keys.ts'

const SCOPE = '["global"]'

async function storeOf(
  entries: number,
): Promise<{ store: MemoryCacheStore; put(key: string): Promise<void> }> {
  const store = new MemoryCacheStore({
    ...{ maxEntries: 10_000, limits: { maxEntries: 10_000, maxBytes: 1 << 30 }, embedder: 'test' },
    ...{ dimensions: 2, storePrompts: false, now: () => 0 },
  })
  const put = (key: string) =>
    store.put(
      {
        ...{ scope: SCOPE, key, context: 'c', query: key, choices: [], model: 'm' },
        ...{ promptTokens: 1, completionTokens: 1, storedMs: 0, expiresMs: 1 },
      },
      new Float32Array([1, 0]),
    )
  for (let n = 0; n < entries; n++) await put(`${n}`)
  return { store, put }
}

/** Turns of the event loop that others had until the promise was settled. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0
  let isDone = false
  const next = () => {
    turns++
    if (!isDone) setImmediate(next)
  }
  setImmediate(next)
  await work.finally(() => {
    isDone = true
  })
  return turns
}

test('lets others have a turn while it compares many entries', async () => {
  const few = await storeOf(100)
  assert.equal(await turnsDuring(few.store.nearest(SCOPE, 'c', new Float32Array([1, 0]), 3)), 0)
  const many = await storeOf(10_000)
  assert.ok((await turnsDuring(many.store.nearest(SCOPE, 'c', new Float32Array([1, 0]), 3))) >= 4)
})

test('comes to an end though entries are added while it compares', async () => {
  const { store, put } = await storeOf(2100)
  let found: unknown
  const search = store.nearest(SCOPE, 'c', new Float32Array([1, 0]), 3).then((candidates) => {
    found = candidates
  })
  for (let n = 2100; n < 9000 && found === undefined; n++) {
    await put(`${n}`)
    if (n % 700 === 0) await new Promise(setImmediate)
  }
  assert.ok(found, 'while others were still adding')
  await search
})

test('says at once what it has', async () => {
  const { store } = await storeOf(1)
  assert.equal(store.peek(SCOPE, '0')?.query, '0')
  assert.equal(store.peek(SCOPE, '1'), undefined)
  assert.equal(store.holds(SCOPE, 'c'), true)
  assert.equal(store.holds(SCOPE, 'd'), false)
  assert.equal(store.holds('["consumer","a"]', 'c'), false)
})

test('misses none though entries go while it compares, and tells none twice', async () => {
  const { store, put } = await storeOf(2500)
  const near = new Float32Array([1, 0])
  const search = store.nearest(SCOPE, 'c', near, 3000)
  // The newest rows have been compared by now; they come down to where the oldest stood.
  for (let n = 0; n < 400; n++) await store.remove(entryId(SCOPE, `${n}`))
  await put('late')
  const keys = (await search).map(({ entry }) => entry.key)
  assert.equal(new Set(keys).size, keys.length)
  const found = new Set(keys)
  for (let n = 400; n < 2500; n++) assert.ok(found.has(`${n}`), `${n}`)
})

test('leaves out what is not near enough', async () => {
  const { store } = await storeOf(3)
  const vector = new Float32Array([0.8, 0.6])
  assert.equal((await store.nearest(SCOPE, 'c', vector, 3)).length, 3)
  assert.equal((await store.nearest(SCOPE, 'c', vector, 3, 0.79)).length, 3)
  assert.deepEqual(await store.nearest(SCOPE, 'c', vector, 3, 0.81), [])
})
