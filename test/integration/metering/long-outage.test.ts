import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openRelays } from '../../../plugins/token-metering/relay/open-relays.ts'
import { openRedisStore } from '../../../plugins/token-metering/store/open-redis-store.ts'
import type { CommitEntry } from '../../../plugins/token-metering/store/usage-store.ts'
import type { Kafka, UsageEvent } from '../../../runner/plugin.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { usageEntry } from '../../support/usage-entry.ts'
import { dirFor, eventually, redisServices, settingsWith, utc } from './support.ts'

const HOUR_MS = 3_600_000
const EVENTS = 12_000
const OUTBOX = 5_000
const SPOOL_BYTES = 4 * 1024 * 1024
const BATCH = 200

/** Kafka, as the relay sees it; `away` as long as the outage lasts, and once back it loses an acknowledgement. */
class Topic implements Kafka {
  away = true
  refused = 0
  readonly batches: number[] = []
  readonly events: UsageEvent[] = []
  #lost = 0

  async send(_topic: string, messages: readonly { readonly value: string }[]): Promise<void> {
    if (this.away) {
      this.refused++
      throw new Error('no broker')
    }
    this.batches.push(messages.length)
    for (const { value } of messages) this.events.push(JSON.parse(value) as UsageEvent)
    if (this.#lost++ === 3) throw new Error('written, but nobody heard of it')
  }

  async close(): Promise<void> {}
}

/** An hour of events, one after the other; `prompt_t` is the number of the event. */
function hourOfEvents(startMs: number): CommitEntry[] {
  return Array.from({ length: EVENTS }, (_, i) => {
    const atMs = startMs + Math.floor((i * HOUR_MS) / EVENTS)
    return usageEntry({ who: `unit_${i % 7}`, id: randomUUID(), prompt: i, completion: 0, picoUsd: 1n, atMs })
  })
}

test('an hour without Kafka fills outbox and spool, is refused beyond them, and arrives whole and in order', async (t) => {
  const redis = await startRedis({ appendonly: true })
  t.after(() => redis.stop())
  const dataDir = dirFor(t)
  const kafka = new Topic()
  const startMs = Date.UTC(2026, 10, 22, 9)
  const clock = { ms: startMs, now: () => clock.ms }
  const services = await redisServices(t, redis.url, { dataDir, kafka, clock })
  const settings = settingsWith({
    outbox_max_events: OUTBOX,
    spool_max_bytes: SPOOL_BYTES,
    alert_percents: [],
  })
  const opened = await openRedisStore(services.redis as never, settings, services, utc)
  const relays = await openRelays(opened, settings, services)
  t.after(async () => {
    await relays.stop()
    await opened.close()
  })
  const entries = hourOfEvents(startMs)
  const refused: CommitEntry[] = []
  for (let at = 0; at < entries.length; at += BATCH) {
    const batch = entries.slice(at, at + BATCH)
    clock.ms = batch.at(-1)?.event.timestamp_ms ?? clock.ms
    // What is not taken is kept by APISIX, which sends it again, all of it.
    await opened.store.commit(batch).catch(() => refused.push(...batch))
  }
  assert.equal(await services.redis?.xlen('usage_events'), OUTBOX)
  const onDisk = readdirSync(dataDir, { recursive: true })
    .map((name) => statSync(join(dataDir, String(name))))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
  assert.ok(onDisk > SPOOL_BYTES / 2 && onDisk <= SPOOL_BYTES * 1.1, `${onDisk} bytes in the spool`)
  assert.ok(refused.length > 0 && refused.length < EVENTS / 2, `${refused.length} refused`)
  assert.ok(kafka.refused > 0)
  assert.equal(kafka.events.length, 0)

  kafka.away = false
  const distinct = () => new Set(kafka.events.map(({ request_id }) => request_id)).size
  await eventually(
    'the outbox and the spool are on the topic',
    () => distinct() >= EVENTS - refused.length,
    60_000,
  )
  for (let at = 0; at < refused.length; at += BATCH) {
    const batch = refused.slice(at, at + BATCH)
    await eventually('APISIX gets rid of a batch', () =>
      opened.store.commit(batch).then(
        () => true,
        () => false,
      ),
    )
  }
  await eventually('all is on the topic', () => distinct() === EVENTS, 60_000)
  await eventually('nothing is left', async () => (await services.redis?.xlen('usage_events')) === 0)

  assert.ok(kafka.events.length > EVENTS, 'a batch whose acknowledgement was lost came again')
  assert.ok(Math.max(...kafka.batches) <= 500, 'the relay holds a batch at a time')
  const seen = new Set<string>()
  const first = kafka.events.filter(({ request_id }) => !seen.has(request_id) && seen.add(request_id))
  const late = new Set(refused.map(({ event }) => event.request_id))
  for (let unit = 0; unit < 7; unit++) {
    const own = first.filter(
      ({ consumer, request_id }) => consumer === `unit_${unit}` && !late.has(request_id),
    )
    const order = own.map(({ prompt_t }) => prompt_t)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
  }
  const totals = await Promise.all(
    Array.from({ length: 7 }, (_, unit) => opened.store.usage(`unit_${unit}`, '2026-11-22')),
  )
  assert.equal(
    totals.reduce((sum, { requests }) => sum + requests, 0),
    EVENTS,
  )
  assert.equal(
    totals.reduce((sum, { picoUsd }) => sum + picoUsd, 0n),
    BigInt(EVENTS),
  )
})
