import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecentIds } from '../../../../../plugins/token-metering/store/recent-ids.ts'

test('knows what was added until it is taken out', () => {
  const ids = new RecentIds(10)
  ids.add('a')
  assert.equal(ids.has('a'), true)
  assert.equal(ids.has('b'), false)
  assert.equal(ids.delete('a'), true)
  assert.equal(ids.delete('a'), false)
  assert.equal(ids.has('a'), false)
})

test('remembers at least half of its bound and forgets the oldest', () => {
  const ids = new RecentIds(100)
  for (let i = 0; i < 1000; i++) ids.add(`${i}`)
  for (let i = 950; i < 1000; i++) assert.equal(ids.has(`${i}`), true, `${i}`)
  for (let i = 0; i < 900; i++) assert.equal(ids.has(`${i}`), false, `${i}`)
})

test('takes out what it holds in either generation', () => {
  const ids = new RecentIds(4)
  for (const id of ['a', 'b', 'c']) ids.add(id)
  assert.equal(ids.delete('a'), true)
  assert.equal(ids.delete('c'), true)
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => ids.has(id)),
    [false, true, false],
  )
})
