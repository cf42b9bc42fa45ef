import { join } from 'node:path'
import type { Journal, Services, UsageEvent } from '../../../runner/plugin.ts'
import { alertsOf, type UsageAlert } from '../alerts.ts'
import type { Calendar } from '../calendar.ts'
import { moneyOf } from '../pricer.ts'
import { JournalOutbox } from '../relay/journal-outbox.ts'
import type { Outbox } from '../relay/outbox.ts'
import { RedisOutbox } from '../relay/redis-outbox.ts'
import type { MeteringSettings } from '../settings.ts'
import { MemoryUsageStore } from './memory-usage-store.ts'
import { RecentIds } from './recent-ids.ts'
import { UsageKeys } from './redis/keys.ts'
import { RedisUsageStore } from './redis-usage-store.ts'
import { reportResilience } from './resilience-report.ts'
import { type LocalCounters, ResilientUsageStore } from './resilient-usage-store.ts'
import { forgetOldSegments } from './retention.ts'
import { Spool } from './spool.ts'
import { ANONYMOUS, type CommitEntry, type UsageStore } from './usage-store.ts'

export interface OpenStore {
  readonly store: UsageStore
  /** Outboxes for a sink, one of `sinks`, where this process has any: not in a worker. */
  outboxes(kind: 'events' | 'alerts', sink: string, sinks: readonly string[]): Promise<readonly Outbox[]>
  close(): Promise<void>
}

export function toCommitEntry(event: UsageEvent, calendar: Calendar): CommitEntry {
  return {
    event,
    consumer: event.consumer ?? ANONYMOUS,
    day: calendar.day(event.timestamp_ms),
    month: calendar.month(event.timestamp_ms),
    picoUsd: moneyOf(event),
  }
}

const SPOOL_SEGMENT_BYTES = 8 * 1024 * 1024
const LOCK_MS = 10_000
const ALERTS_MAX_BYTES = 16 * 1024 * 1024
const ALERTS_SEGMENT_BYTES = 1024 * 1024
const REMEMBERED_ALERTS = 100_000
const RETENTION_EVERY_MS = 3_600_000

/** The shared store in Redis, with counters of this runner and a spool for when it is away. */
export async function openRedisStore(
  redis: NonNullable<Services['redis']>,
  settings: MeteringSettings,
  services: Services,
  calendar: Calendar,
): Promise<OpenStore> {
  const { log, metrics, role, clock } = services
  const keys = new UsageKeys(services.redisKeys)
  const hasSink = services.kafka !== undefined || settings.clickhouse !== undefined
  const shared = new RedisUsageStore(redis, {
    keys,
    calendar,
    now: clock.now,
    rememberIdsS: settings.remember_ids_days * 86_400,
    keepDays: settings.keep_days,
    keepMonths: settings.keep_months,
    outboxMaxEvents: hasSink ? settings.outbox_max_events : 0,
    alertPercents: settings.alert_percents,
  })
  let spooled = 0
  const journal =
    role === 'requests'
      ? undefined
      : await services.openJournal('spool', settings.spool_max_bytes, () => spooled++, SPOOL_SEGMENT_BYTES)
  if (!journal && role !== 'requests') {
    log.warn({}, 'no data_dir: while redis is away the receiver answers 503 and APISIX keeps the events')
  }
  const spool = journal && new Spool(journal, spooled)
  const local = await services.share<LocalCounters>(
    'local-counters',
    () => new MemoryUsageStore({ calendar, now: clock.now }),
  )
  const store = new ResilientUsageStore(
    {
      shared,
      probe: () => redis.set(`${services.redisKeys.prefix}usage_probe`, '1', 'EX', 60),
      local,
      spool,
      toEntry: (event) => toCommitEntry(event, calendar),
      log,
      report: reportResilience(metrics, spool),
    },
    {
      deadlineMs: settings.redis_deadline_ms,
      commitDeadlineMs: settings.commit_deadline_ms,
      away: settings.redis_away,
      probeEveryMs: 200,
      replayEveryMs: 500,
    },
  )
  return {
    store,
    outboxes: async (kind, sink, sinks) => {
      if (role === 'requests') return []
      return Array.from({ length: keys.shards }, (_, shard) => {
        const stream = kind === 'events' ? keys.events(shard) : keys.alerts(shard)
        const lock = keys.relayLock(stream, sink)
        return new RedisOutbox(redis, {
          stream,
          lock,
          group: sink,
          groups: sinks,
          field: kind === 'events' ? 'e' : 'a',
          lockMs: LOCK_MS,
        })
      })
    },
    close: () => store.close(),
  }
}

/** The embedded store: counted in memory, made durable in a journal where there is a data directory. */
export async function openEmbeddedStore(
  settings: MeteringSettings,
  services: Services,
  calendar: Calendar,
): Promise<OpenStore> {
  const { log, clock, dataDir } = services
  const journals: { events?: Journal; alerts?: Journal } = {}
  const open: JournalOutbox[] = []
  let retention: NodeJS.Timeout | undefined
  const forget = () => {
    for (const [kind, journal] of Object.entries(journals)) {
      const relayed = open.filter(({ name }) => name === kind).map(({ position }) => position)
      forgetOldSegments(journal, relayed, clock.now()).catch((err) => {
        log.error({ err, journal: kind }, 'old records not forgotten')
      })
    }
  }
  // Made in one process only; in the others `share` gives a proxy and `journals` stays empty.
  const store = await services.share<UsageStore>('usage-store', async () => {
    const replayed: UsageEvent[] = []
    const alerted = new RecentIds(REMEMBERED_ALERTS)
    const events = await services.openJournal('usage', settings.journal_max_bytes, (record) => {
      replayed.push(JSON.parse(record) as UsageEvent)
    })
    const alerts = await services.openJournal(
      'alerts',
      ALERTS_MAX_BYTES,
      (record) => alerted.add((JSON.parse(record) as UsageAlert).alert_id),
      ALERTS_SEGMENT_BYTES,
    )
    if (events) journals.events = events
    if (alerts) journals.alerts = alerts
    const memory = new MemoryUsageStore({
      calendar,
      now: clock.now,
      onCounted: (entry, totals, limits) => {
        const raised = alertsOf(entry, totals, limits, settings.alert_percents)
        const fresh = raised.filter(({ alert_id }) => !alerted.has(alert_id))
        for (const { alert_id } of fresh) alerted.add(alert_id)
        void alerts?.append(fresh.map((alert) => JSON.stringify(alert))).catch((err) => {
          log.error({ err }, 'alert not kept')
        })
      },
      ...(events
        ? { journal: (entries) => events.append(entries.map(({ event }) => JSON.stringify(event))) }
        : {}),
    })
    for (const event of replayed) memory.restore(toCommitEntry(event, calendar))
    if (!events) log.warn({}, 'no data_dir and no redis: usage counters end with this process')
    retention = setInterval(forget, RETENTION_EVERY_MS)
    retention.unref()
    return memory
  })
  return {
    store,
    outboxes: async (kind, sink) => {
      const journal = journals[kind]
      if (!journal || dataDir === undefined) return []
      const outbox = await JournalOutbox.open(kind, journal, join(dataDir, `${kind}.${sink}.offset`))
      open.push(outbox)
      return [outbox]
    },
    close: async () => {
      clearInterval(retention)
      await journals.events?.close()
      await journals.alerts?.close()
    },
  }
}
