import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestRecord } from '../../../runner/records/index.ts'
import { MemoryRequestRecords } from '../../../runner/records/memory.ts'
import { RecordsWithFallback } from '../../../runner/records/with-fallback.ts'

class Shared extends MemoryRequestRecords {
  away = false

  override async put(id: string, record: RequestRecord): Promise<void> {
    if (this.away) throw new Error('away')
    return super.put(id, record)
  }

  override async get(id: string): Promise<RequestRecord | undefined> {
    if (this.away) throw new Error('away')
    return super.get(id)
  }

  override async getAll(ids: readonly string[]): Promise<readonly (RequestRecord | undefined)[]> {
    if (this.away) throw new Error('away')
    return super.getAll(ids)
  }
}

const recordOf = (routeId: string): RequestRecord => ({
  routeId,
  consumer: undefined,
  receivedAt: 0,
  stoppedBy: undefined,
  outcome: 'forwarded',
  notes: {},
})

test('keeps a record here while the shared store is away, and finds it then and later', async () => {
  const [shared, own] = [new Shared(1000), new MemoryRequestRecords(1000)]
  const records = new RecordsWithFallback(shared, own)
  await records.put('a', recordOf('before'))
  assert.equal(await own.get('a'), undefined, 'no second copy while the store is there')
  shared.away = true
  await records.put('b', recordOf('meanwhile'))
  assert.equal((await records.get('b'))?.routeId, 'meanwhile')
  assert.equal(await records.get('a'), undefined)
  shared.away = false
  assert.equal((await records.get('a'))?.routeId, 'before')
  assert.equal((await records.get('b'))?.routeId, 'meanwhile')
  assert.equal(await records.get('c'), undefined)
})

test('takes what other instances wrote last', async () => {
  const [shared, own] = [new Shared(1000), new MemoryRequestRecords(1000)]
  const records = new RecordsWithFallback(shared, own)
  shared.away = true
  await records.put('a', recordOf('first pass'))
  shared.away = false
  await shared.put('a', recordOf('second pass'))
  assert.equal((await records.get('a'))?.routeId, 'second pass')
})

test('finds many at once, some there and some here, and what is here while the shared store is away', async () => {
  const [shared, own] = [new Shared(1000), new MemoryRequestRecords(1000)]
  const records = new RecordsWithFallback(shared, own)
  await records.put('there', recordOf('there'))
  shared.away = true
  await records.put('here', recordOf('here'))
  const routes = async () => (await records.getAll(['here', 'nowhere', 'there'])).map((one) => one?.routeId)
  assert.deepEqual(await routes(), ['here', undefined, undefined])
  shared.away = false
  assert.deepEqual(await routes(), ['here', undefined, 'there'])
})
