import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, RunnerError, readBody, type UsageEvent } from '../../../runner/plugin.ts'
import { ANONYMOUS } from '../store/usage-store.ts'
import type { Sink } from './outbox.ts'

/** Nobody reads more of what a sink answers than the beginning of an error. */
const MAX_ANSWER_BYTES = 65_536

/** Events and alerts alike: the consumer is the key, the id is in a header and in the value. */
export function kafkaSink(kafka: Kafka, topic: string): Sink {
  return {
    name: 'kafka',
    send: async (records) => {
      await kafka.send(
        topic,
        records.map((value) => {
          const record = JSON.parse(value) as Partial<UsageEvent> & { alert_id?: string }
          return {
            key: record.consumer ?? ANONYMOUS,
            value,
            headers: {
              request_id: record.request_id ?? '',
              ...(record.alert_id === undefined ? {} : { alert_id: record.alert_id }),
              schema_version: String(record.schema_version ?? 1),
              'content-type': 'application/json',
            },
            ...(record.timestamp_ms === undefined ? {} : { timestampMs: record.timestamp_ms }),
          }
        }),
      )
    },
  }
}

export interface ClickHouseOptions {
  /** Of the HTTP interface. */
  readonly url: string
  readonly table: string
  readonly user: string
  readonly password: string
  readonly timeoutMs: number
}

/** `INSERT ... FORMAT JSONEachRow`; a batch that comes twice is sorted out by the table. */
export function clickHouseSink(options: ClickHouseOptions): Sink {
  const url = new URL(options.url)
  url.searchParams.set('query', `INSERT INTO ${options.table} FORMAT JSONEachRow`)
  url.searchParams.set('input_format_skip_unknown_fields', '1')
  return {
    name: 'clickhouse',
    send: async (records) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'x-clickhouse-user': options.user, 'x-clickhouse-key': options.password },
        body: records.join('\n'),
        signal: AbortSignal.timeout(options.timeoutMs),
      })
      const text = (await readBody(response.body ?? [], MAX_ANSWER_BYTES)) ?? ''
      if (!response.ok) {
        throw new RunnerError(
          'STORE_UNAVAILABLE',
          `ClickHouse says ${response.status}: ${text.slice(0, 300)}`,
        )
      }
    },
  }
}

export interface WebhookOptions {
  readonly url: string
  readonly authorization: string | undefined
  readonly timeoutMs: number
  /** Tries for one alert; then it is given up, since a webhook that is gone must not hold up the others for ever. */
  readonly tries: number
  readonly givenUp: (cause: unknown) => void
}

/** One POST for each alert, with `Idempotency-Key`: its alert_id. */
export function webhookSink(options: WebhookOptions): Sink {
  const post = async (record: string) => {
    const { alert_id: id = '' } = JSON.parse(record) as { alert_id?: string }
    const response = await fetch(options.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': encodeURIComponent(id),
        ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
      },
      body: record,
      signal: AbortSignal.timeout(options.timeoutMs),
    })
    await readBody(response.body ?? [], MAX_ANSWER_BYTES)
    if (!response.ok) throw new RunnerError('STORE_UNAVAILABLE', `the webhook says ${response.status}`)
  }
  return {
    name: 'webhook',
    send: async (records) => {
      for (const record of records) {
        for (let tries = 1; ; tries++) {
          try {
            await post(record)
            break
          } catch (cause) {
            if (tries >= options.tries) {
              options.givenUp(cause)
              break
            }
            await sleep(Math.min(10_000, 200 * 2 ** tries))
          }
        }
      }
    },
  }
}
