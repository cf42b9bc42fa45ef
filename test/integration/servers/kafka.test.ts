import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { startKafka } from '../../support/servers/kafka.ts'

async function consume(kafka: Kafka, groupId: string, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: string[] = []
  await new Promise<void>((resolve, reject) => {
    // A broker that has just come up may still be loading its groups: kafkajs starts such a consumer again.
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error)
    })
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      values.push(String(message.value))
      if (values.length === count) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return values
}

test('takes idempotent writes, refuses unknown topics, and keeps its data over a crash', async (t) => {
  const server = await startKafka({})
  const kafka = new Kafka({ brokers: server.brokers, clientId: 'test', logLevel: logLevel.NOTHING })
  const hasty = new Kafka({
    brokers: server.brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  }).producer()
  await hasty.connect()
  await server.createTopics(['usage', { topic: 'wide', partitions: 3 }])
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
  await producer.connect()
  // Clients first: kafkajs can wait for ever for a broker that is gone.
  t.after(async () => {
    await Promise.race([Promise.allSettled([hasty.disconnect(), producer.disconnect()]), sleep(5000)])
    await server.stop()
  })
  const send = (topic: string, value: string) =>
    producer.send({ topic, acks: -1, messages: [{ key: 'k', value }] })
  await send('usage', 'one')
  await send('usage', 'two')
  assert.deepEqual(await consume(kafka, 'g1', 'usage', 2), ['one', 'two'])
  await assert.rejects(hasty.send({ topic: 'nowhere', messages: [{ value: 'x' }] }))
  await server.kill()
  await server.restart()
  await send('usage', 'three')
  assert.deepEqual(await consume(kafka, 'g2', 'usage', 3), ['one', 'two', 'three'])
  await server.createTopics(['usage'])
})
