import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { freePort } from '../free-port.ts'
import { freshDir, installed, notOurs, ServerProcess } from './server-process.ts'

export interface KafkaOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** More lines for server.properties. */
  config?: Record<string, string>
}

export interface KafkaServer {
  /** `127.0.0.1:21234` */
  brokers: string[]
  /** Topics are not made by themselves. Resolves when each has a leader; existing ones stay as they are. */
  createTopics(topics: (string | TopicOptions)[]): Promise<void>
  /** Ends the broker and removes its data. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, on the same port and data; first ends it if it runs. */
  restart(): Promise<void>
}

export interface TopicOptions {
  topic: string
  /** Default 1. */
  partitions?: number
  config?: Record<string, string>
}

/**
 * Starts a Kafka broker (KRaft, one node). Called without options it takes the brokers named by `TEST_KAFKA_BROKERS`
 * (separated by commas) instead, if that is set.
 */
export async function startKafka(options?: KafkaOptions): Promise<KafkaServer> {
  const given = process.env.TEST_KAFKA_BROKERS
  if (given && !options) return external(given.split(',').map((broker) => broker.trim()))
  const lib = installed('kafka/lib')
  const dir = freshDir('kafka')
  const port = options?.port ?? (await freePort())
  const properties = join(dir, 'server.properties')
  const data = join(dir, 'data')
  cpSync(installed('kafka/formatted'), data, { recursive: true })
  writeFileSync(properties, serverProperties(port, await freePort(), data, options?.config ?? {}))
  const logConfig = fileURLToPath(new URL('kafka/log4j2.yaml', import.meta.url))
  const server = new ServerProcess({
    name: 'kafka',
    command: 'java',
    args: [
      ...[
        '-Xmx512m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Dlog4j2.configurationFile=${logConfig}`,
      ],
      ...['-cp', join(lib, '*'), 'kafka.Kafka', properties],
    ],
    dir,
    isReady: (log) => log.includes('Kafka Server started'),
    readyTimeoutMs: 120_000,
  })
  await server.start()
  const brokers = [`127.0.0.1:${port}`]
  return {
    brokers,
    createTopics: (topics) => createTopics(brokers, topics),
    stop: () => server.remove(),
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      await server.start()
    },
  }
}

function external(brokers: string[]): KafkaServer {
  const refuse = notOurs('TEST_KAFKA_BROKERS')
  const create = (topics: (string | TopicOptions)[]) => createTopics(brokers, topics)
  return { brokers, createTopics: create, stop: async () => {}, kill: refuse, restart: refuse }
}

function serverProperties(
  port: number,
  controllerPort: number,
  data: string,
  more: Record<string, string>,
): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // After a crash the controller lets the broker back in once its old session has ended: 9 seconds by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
    ...more,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function createTopics(brokers: string[], topics: (string | TopicOptions)[]): Promise<void> {
  const admin = new Kafka({ brokers, clientId: 'test-admin', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: topics
        .map((entry) => (typeof entry === 'string' ? { topic: entry } : entry))
        .map(({ topic, partitions = 1, config = {} }: TopicOptions) => ({
          topic,
          numPartitions: partitions,
          replicationFactor: 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
    })
  } finally {
    await admin.disconnect()
  }
}
