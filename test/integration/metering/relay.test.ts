import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { openRelays } from '../../../plugins/token-metering/relay/open-relays.ts'
import type { OutboxBatch } from '../../../plugins/token-metering/relay/outbox.ts'
import { openEmbeddedStore } from '../../../plugins/token-metering/store/open-embedded-store.ts'
import { openRedisStore } from '../../../plugins/token-metering/store/open-redis-store.ts'
import type { Kafka } from '../../../runner/plugin.ts'
import { connectKafka } from '../../../runner/services/kafka.ts'
import { collectingLog, testServices } from '../../support/rig.ts'
import { type KafkaServer, startKafka } from '../../support/servers/kafka.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import { usageEntry } from '../../support/usage-entry.ts'
import { dirFor, eventually, readTopic, redisServices, reservationOf, settingsWith, utc } from './support.ts'

let kafka: KafkaServer
let redis: RedisServer
before(async () => {
  ;[kafka, redis] = await Promise.all([startKafka({}), startRedis({ appendonly: true })])
})
after(() => Promise.all([kafka.stop(), redis.stop()]))

const producer = (): Kafka =>
  connectKafka({ brokers: kafka.brokers, client_id: 'test', ssl: false }, collectingLog([]))
const entry = (who: string, prompt: number, id: string = randomUUID()) =>
  usageEntry({ who, id, prompt, completion: 0, atMs: Date.now() })
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

async function topicFor(name: string): Promise<{ events: string; alerts: string }> {
  const topics = { events: `${name}-events`, alerts: `${name}-alerts` }
  await kafka.createTopics([{ topic: topics.events, partitions: 3 }, topics.alerts])
  return topics
}

test('a topic that nobody has made is named in the error', async () => {
  const connection = producer()
  await assert.rejects(connection.send('nobody-made-it', [{ key: 'k', value: '{}' }]), {
    code: 'STORE_UNAVAILABLE',
    message: /^Kafka topic nobody-made-it, which must exist: /,
  })
  await connection.close()
})

test('two runners bring all events to Kafka, in order per consumer, while it goes away and comes back', async (t) => {
  const topics = await topicFor('pair')
  const settings = settingsWith({ kafka_topic: topics.events, kafka_alerts_topic: topics.alerts })
  const stops: (() => Promise<unknown>)[] = []
  const stores = []
  for (let i = 0; i < 2; i++) {
    const services = await redisServices(t, redis.url, {
      kafka: producer(),
      redisKeys: { prefix: 'pair:', cluster: false },
    })
    const opened = await openRedisStore(services.redis as never, settings, services, utc)
    const relays = await openRelays(opened, settings, services)
    stops.push(async () => {
      await relays.stop()
      await opened.close()
      await services.kafka?.close()
    })
    stores.push({ store: opened.store, services })
  }
  t.after(() => Promise.all(stops.map((stop) => stop())))
  const [one, two] = stores
  if (!one || !two) throw new Error('two stores')
  for (const n of numbers(100)) await one.store.commit([entry('a', n), entry('b', n)])
  await kafka.kill()
  for (const n of numbers(100)) await two.store.commit([entry('a', 100 + n), entry('b', 100 + n)])
  await kafka.restart()
  const reader = await readTopic(kafka.brokers, topics.events)
  t.after(() => reader.close())
  const distinct = () => new Set(reader.events.map(({ request_id }) => request_id)).size
  await eventually('all events are on the topic', () => distinct() === 400, 60_000)
  for (const consumer of ['a', 'b']) {
    const own = reader.events.filter((event) => event.consumer === consumer)
    const first = own.filter(
      (event, i) => own.findIndex(({ request_id }) => request_id === event.request_id) === i,
    )
    assert.deepEqual(
      first.map(({ prompt_t }) => prompt_t),
      numbers(200),
    )
  }
  assert.deepEqual(new Set(reader.keys), new Set(['a', 'b']))
  await eventually(
    'nothing is left in Redis',
    async () => (await one.services.redis?.xlen('pair:usage_events')) === 0,
  )
})

test('a relay that dies between sending and marking is followed by one that sends again, in order', async (t) => {
  const services = await redisServices(t, redis.url, {
    kafka: producer(),
    redisKeys: { prefix: 'dies:', cluster: false },
  })
  const settings = settingsWith()
  const opened = await openRedisStore(services.redis as never, settings, services, utc)
  t.after(() => opened.close())
  const sent: number[] = []
  const take = async (outbox: { take(max: number): Promise<OutboxBatch | undefined> }, max: number) => {
    const batch = await outbox.take(max)
    sent.push(...(batch?.records ?? []).map((record) => JSON.parse(record).prompt_t as number))
    return batch
  }
  await opened.store.commit(numbers(6).map((n) => entry('a', n)))
  const [first] = await opened.outboxes('events', 'kafka', ['kafka'])
  const [second] = await opened.outboxes('events', 'kafka', ['kafka'])
  if (!first || !second) throw new Error('two outboxes')
  await (await take(first, 2))?.done()
  await take(first, 2)
  assert.equal(await take(second, 2), undefined)
  await services.redis?.del('dies:usage_events:relay:kafka')
  await (await take(second, 3))?.done()
  await (await take(second, 3))?.done()
  await (await take(second, 3))?.done()
  assert.deepEqual(sent, [1, 2, 3, 4, 3, 4, 5, 6])
  assert.equal(await services.redis?.xlen('dies:usage_events'), 0)
})

test('nothing leaves the outbox before every sink has it', async (t) => {
  const services = await redisServices(t, redis.url, {
    kafka: producer(),
    redisKeys: { prefix: 'sinks:', cluster: false },
  })
  const opened = await openRedisStore(services.redis as never, settingsWith(), services, utc)
  t.after(() => opened.close())
  const [toKafka] = await opened.outboxes('events', 'kafka', ['kafka', 'clickhouse'])
  const [toClickHouse] = await opened.outboxes('events', 'clickhouse', ['kafka', 'clickhouse'])
  await opened.store.commit(numbers(5).map((n) => entry('a', n)))
  await (await toKafka?.take(4))?.done()
  assert.equal(await services.redis?.xlen('sinks:usage_events'), 5)
  await (await toClickHouse?.take(2))?.done()
  assert.equal(await services.redis?.xlen('sinks:usage_events'), 3)
  await (await toClickHouse?.take(5))?.done()
  assert.equal(await services.redis?.xlen('sinks:usage_events'), 1)
  await (await toKafka?.take(4))?.done()
  assert.equal(await services.redis?.xlen('sinks:usage_events'), 0)
})

test('the embedded store relays its journal, and goes on where it was after a restart', async (t) => {
  const topics = await topicFor('embedded')
  const settings = settingsWith({ kafka_topic: topics.events, kafka_alerts_topic: topics.alerts })
  const dataDir = dirFor(t)
  const reader = await readTopic(kafka.brokers, topics.events)
  const alerts = await readTopic(kafka.brokers, topics.alerts)
  t.after(() => Promise.all([reader.close(), alerts.close()]))
  for (const round of [0, 1]) {
    const services = testServices({ dataDir, kafka: producer() })
    const opened = await openEmbeddedStore(settings, services, utc)
    const relays = await openRelays(opened, settings, services)
    for (const n of numbers(50)) {
      const request = reservationOf('a', { limits: { tokens_per_day: 2550 } })
      await opened.store.reserve(request)
      await opened.store.commit([entry('a', round * 50 + n, request.requestId)])
    }
    await eventually('the round is on the topic', () => reader.events.length === round * 50 + 50)
    await relays.stop()
    await opened.close()
    await services.kafka?.close()
  }
  assert.deepEqual(
    reader.events.map(({ prompt_t }) => prompt_t),
    numbers(100),
  )
  await eventually('the alerts are on their topic', () => alerts.events.length >= 3)
  const today = utc.day(Date.now())
  assert.deepEqual(
    alerts.events.map(({ alert_id }) => alert_id),
    [50, 80, 100].map((percent) => `a:${today}:tokens_per_day:${percent}`),
  )
})

test('alerts go to the webhook, each once, and a webhook that fails is tried again', async (t) => {
  const posts: { id: unknown; threshold: number }[] = []
  let failures = 2
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (failures-- > 0) response.statusCode = 500
    else posts.push({ id: request.headers['idempotency-key'], threshold: JSON.parse(body).threshold })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`
  const settings = settingsWith({ alert_webhook: { url, timeout_ms: 60_000, tries: 5 } })
  const services = await redisServices(t, redis.url, { redisKeys: { prefix: 'hook:', cluster: false } })
  const opened = await openRedisStore(services.redis as never, settings, services, utc)
  const relays = await openRelays(opened, settings, services)
  t.after(async () => {
    await relays.stop()
    await opened.close()
  })
  for (let i = 0; i < 12; i++) {
    const request = reservationOf('部门', { tokens: 1, limits: { tokens_per_day: 100 } })
    await opened.store.reserve(request)
    await opened.store.commit([entry('部门', 10, request.requestId)])
  }
  await eventually('three alerts', () => posts.length >= 3)
  assert.deepEqual(
    posts.map(({ threshold }) => threshold),
    [50, 80, 100],
  )
  assert.equal(decodeURIComponent(String(posts[0]?.id)), `部门:${utc.day(Date.now())}:tokens_per_day:50`)
})
