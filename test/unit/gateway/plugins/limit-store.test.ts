import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitStore } from '../../../gateway/plugins/limit-store.ts'

test('a window counts down and starts again when it is over', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const store = new LimitStore()
  assert.deepEqual(store.countDown('k', 2, 10), { remaining: 1, resetSeconds: 10 })
  t.mock.timers.tick(4000)
  assert.deepEqual(store.countDown('k', 2, 10), { remaining: 0, resetSeconds: 6 })
  assert.deepEqual(store.countDown('k', 2, 10), { remaining: -1, resetSeconds: 6 })
  assert.equal(store.countDown('other', 2, 10).remaining, 1)
  t.mock.timers.tick(6000)
  assert.deepEqual(store.countDown('k', 2, 10), { remaining: 1, resetSeconds: 10 })
})

test('a leaky bucket delays within the burst and rejects above it', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 })
  const store = new LimitStore()
  assert.equal(store.leak('k', 2, 1), 0)
  assert.equal(store.leak('k', 2, 1), 0.5)
  assert.equal(store.leak('k', 2, 1), undefined)
  t.mock.timers.tick(500)
  assert.equal(store.leak('k', 2, 1), 0.5)
})

test('connections are counted until they leave', () => {
  const store = new LimitStore()
  assert.equal(store.enter('k', 1, 1), 1)
  assert.equal(store.enter('k', 1, 1), 2)
  assert.equal(store.enter('k', 1, 1), undefined)
  store.leave('k')
  assert.equal(store.enter('k', 1, 1), 2)
})
