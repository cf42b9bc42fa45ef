import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RECORD_TTL_MS, type RequestRecord } from '../../../runner/records/index.ts'
import { MemoryRequestRecords } from '../../../runner/records/memory.ts'

const record = (routeId: string): RequestRecord => ({
  routeId,
  consumer: undefined,
  receivedAt: 0,
  stoppedBy: undefined,
  outcome: 'forwarded',
  notes: {},
})

test('gives back the last record of an id', async () => {
  const records = new MemoryRequestRecords(10)
  await records.put('a', record('1'))
  await records.put('a', record('2'))
  assert.equal((await records.get('a'))?.routeId, '2')
  assert.equal(await records.get('b'), undefined)
})

test('gives many at once, in the order of the ids', async () => {
  const records = new MemoryRequestRecords(10)
  records.put('a', record('1'))
  records.put('b', record('2'))
  const found = await records.getAll(['b', 'x', 'a', 'b'])
  assert.deepEqual(
    found.map((one) => one?.routeId),
    ['2', undefined, '1', '2'],
  )
})

test('keeps at least half of the bound and at most all of it', async () => {
  const records = new MemoryRequestRecords(100)
  for (let i = 0; i < 1000; i++) await records.put(`${i}`, record('r'))
  const kept = (await Promise.all(Array.from({ length: 1000 }, (_, i) => records.get(`${i}`)))).map(Boolean)
  assert.ok(kept.slice(-50).every(Boolean))
  assert.ok(kept.filter(Boolean).length <= 100)
})

test('forgets what is older than an hour, also when nothing new comes', async () => {
  let now = 0
  const records = new MemoryRequestRecords(100, () => now)
  await records.put('a', record('r'))
  now = RECORD_TTL_MS
  assert.ok(await records.get('a'))
  now++
  assert.equal(await records.get('a'), undefined)
})
