import { Kafka as KafkaClient, logLevel, type Producer, type SASLOptions } from 'kafkajs'
import { toRunnerError } from '../errors.ts'
import type { Settings } from '../settings/schema.ts'
import type { Log } from './index.ts'

type KafkaSettings = NonNullable<Settings['kafka']>

export interface KafkaMessage {
  /** Messages of one key keep their order. */
  readonly key: string
  readonly value: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timestampMs?: number
}

/** A producer, as far as plugins need one. */
export interface Kafka {
  /**
   * Settles when every message is on all in-sync replicas. Calls must not overlap where order matters.
   * @throws when Kafka is away or refuses; some of the messages may have been written then.
   */
  send(topic: string, messages: readonly KafkaMessage[]): Promise<void>
  close(): Promise<void>
}

const SEND_TIMEOUT_MS = 30_000

/**
 * An idempotent producer that connects with the first message. After a failure the next send begins with a fresh one:
 * kafkajs does not move its sequence numbers on when a batch has failed, and the broker would refuse what follows.
 */
export function connectKafka(settings: KafkaSettings, log: Log): Kafka {
  const sasl = saslOf(settings)
  const client = new KafkaClient({
    brokers: [...settings.brokers],
    clientId: settings.client_id,
    ssl: settings.ssl,
    ...(sasl ? { sasl } : {}),
    connectionTimeout: 3_000,
    requestTimeout: SEND_TIMEOUT_MS,
    // Who sends has its own patience; inside one send a few tries cover a change of leader.
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 4 },
    logLevel: logLevel.NOTHING,
  })
  let producer: Promise<Producer> | undefined
  const connected = () => {
    producer ??= (async () => {
      const fresh = client.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
      })
      await fresh.connect()
      return fresh
    })()
    return producer
  }
  const drop = async () => {
    const old = producer
    producer = undefined
    await old?.then((connection) => connection.disconnect()).catch(() => {})
  }
  return {
    send: async (topic, messages) => {
      try {
        const connection = await connected()
        await connection.send({
          topic,
          acks: -1,
          timeout: SEND_TIMEOUT_MS,
          messages: messages.map(({ key, value, headers, timestampMs }) => ({
            key,
            value,
            ...(headers ? { headers: { ...headers } } : {}),
            ...(timestampMs === undefined ? {} : { timestamp: String(timestampMs) }),
          })),
        })
      } catch (cause) {
        await drop()
        log.debug({ err: cause, topic }, 'kafka send failed')
        throw toRunnerError(cause, 'STORE_UNAVAILABLE', `Kafka topic ${topic}, which must exist`)
      }
    },
    close: drop,
  }
}

function saslOf(settings: KafkaSettings): SASLOptions | undefined {
  const { sasl_mechanism: mechanism, sasl_username: username = '', sasl_password: password = '' } = settings
  return mechanism === undefined ? undefined : ({ mechanism, username, password } as SASLOptions)
}
