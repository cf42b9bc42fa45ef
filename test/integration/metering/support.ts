import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { calendarIn } from '../../../plugins/token-metering/calendar.ts'
import { type MeteringSettings, MeteringSettingsSchema } from '../../../plugins/token-metering/settings.ts'
import type { Reservation } from '../../../plugins/token-metering/store/usage-store.ts'
import type { UsageEvent } from '../../../runner/plugin.ts'
import { createMetrics } from '../../../runner/services/metrics.ts'
import { connectRedis, untilReady } from '../../../runner/services/redis.ts'
import { compileValidator } from '../../../runner/validate.ts'
import { collectingLog, type LogLine, testServices } from '../../support/rig.ts'

export const utc = calendarIn('UTC')

export function settingsWith(own: Partial<MeteringSettings> = {}): MeteringSettings {
  const result = compileValidator(MeteringSettingsSchema)(own)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as MeteringSettings
}

export function dirFor(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'metering-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Services with a real connection to Redis, as a runner has it. */
export async function redisServices(
  t: TestContext,
  url: string,
  own: Parameters<typeof testServices>[0] = {},
): Promise<ReturnType<typeof testServices> & { lines: LogLine[] }> {
  const lines: LogLine[] = []
  const log = collectingLog(lines)
  const settings = { url, cluster: false, key_prefix: '', connect_timeout_ms: 1000 }
  const redis = connectRedis(settings, log)
  await untilReady(redis, 3000)
  t.after(() => redis.disconnect())
  return { ...testServices({ log, metrics: createMetrics(), redis, ...own }), lines }
}

export function reservationOf(consumer: string, own: Partial<Reservation> = {}): Reservation {
  const nowMs = Date.now()
  return {
    requestId: randomUUID(),
    consumer,
    tokens: 10,
    picoUsd: 0n,
    limits: {},
    day: utc.day(nowMs),
    month: utc.month(nowMs),
    nowMs,
    expiresMs: nowMs + 60_000,
    ...own,
  }
}

/** Waits for what others do in their own time. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await sleep(20)
  }
}

export interface TopicReader {
  readonly events: (UsageEvent & { readonly alert_id?: string })[]
  readonly keys: (string | null)[]
  close(): Promise<void>
}

/** Reads a topic from its beginning. */
export async function readTopic(brokers: string[], topic: string): Promise<TopicReader> {
  const client = new Kafka({ brokers, clientId: 'test-reader', logLevel: logLevel.NOTHING })
  const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, sessionTimeout: 10_000 })
  const reader: TopicReader = { events: [], keys: [], close: () => consumer.disconnect() }
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      reader.events.push(JSON.parse(message.value?.toString() ?? ''))
      reader.keys.push(message.key?.toString() ?? null)
    },
  })
  return reader
}
