import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Coalescer } from '../../../../plugins/semantic-cache/coalesce.ts'
import type { CacheEntry, CacheStore } from '../../../../plugins/semantic-cache/store/cache-store.ts'

function rig() {
  const entry = { scope: 's', key: 'k' } as CacheEntry
  const state = { claimed: true, there: false, asked: 0, fails: false }
  const store = {
    isClaimed: async () => {
      state.asked++
      if (state.fails) throw new Error('away')
      return state.claimed
    },
    get: async () => (state.there ? entry : undefined),
  } as unknown as CacheStore
  return { state, entry, coalescer: new Coalescer(store) }
}

test('many waiters look together, and all get the entry', async () => {
  const { state, entry, coalescer } = rig()
  const waiting = Array.from({ length: 50 }, () => coalescer.wait('s', 'k', 5000))
  state.there = true
  for (const waited of await Promise.all(waiting)) assert.deepEqual(waited, { entry })
  assert.equal(state.asked, 1)
})

test('ends when the leader has gone without an answer, when the store is away, and at the bound', async () => {
  const { state, coalescer } = rig()
  assert.equal(await coalescer.wait('s', 'k', 30), 'vain')
  state.claimed = false
  assert.equal(await coalescer.wait('s', 'k', 5000), 'failed')
  state.fails = true
  assert.equal(await coalescer.wait('s', 'k', 5000), 'failed')
})

test('stops looking when nobody waits any more', async () => {
  const { state, coalescer } = rig()
  await coalescer.wait('s', 'k', 5)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const { asked } = state
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(state.asked, asked)
})
