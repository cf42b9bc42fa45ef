import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Redis } from 'ioredis'
import { RECORD_TTL_MS, type RequestRecord } from '../../../runner/records/index.ts'
import { RedisRequestRecords } from '../../../runner/records/redis.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'

let server: RedisServer
let redis: Redis
before(async () => {
  server = await startRedis()
  redis = new Redis(server.url)
})
after(async () => {
  redis.disconnect()
  await server.stop()
})

const record = (routeId: string): RequestRecord => ({
  ...{ routeId, consumer: 'a', receivedAt: 1, stoppedBy: undefined, outcome: 'forwarded' },
  notes: { 'llm-router': { attempts: [] } },
})

for (const cluster of [false, true]) {
  test(`keeps records for an hour and finds one or many of them${cluster ? ', key by key' : ''}`, async () => {
    const records = new RedisRequestRecords(redis, { prefix: `p${cluster}:`, cluster })
    await records.put('a', record('1'))
    await records.put('b', record('2'))
    assert.deepEqual(await records.get('a'), JSON.parse(JSON.stringify(record('1'))))
    assert.equal(await records.get('x'), undefined)
    const found = await records.getAll(['b', 'x', 'a', 'b'])
    assert.deepEqual(
      found.map((one) => one?.routeId),
      ['2', undefined, '1', '2'],
    )
    assert.deepEqual(await records.getAll([]), [])
    const ttl = await redis.pttl(`p${cluster}:request:a`)
    assert.ok(ttl > RECORD_TTL_MS - 60_000 && ttl <= RECORD_TTL_MS)
  })
}
