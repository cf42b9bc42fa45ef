import type { Services } from '../../../runner/plugin.ts'
import type { Calendar } from '../calendar.ts'
import { RedisOutbox } from '../relay/redis-outbox.ts'
import type { MeteringSettings } from '../settings.ts'
import { toCommitEntry } from './commit-entry.ts'
import { MemoryUsageStore } from './memory-usage-store.ts'
import type { OpenStore } from './open-store.ts'
import { UsageKeys } from './redis/keys.ts'
import { RedisUsageStore } from './redis-usage-store.ts'
import { reportResilience } from './resilience-report.ts'
import { type LocalCounters, ResilientUsageStore } from './resilient-usage-store.ts'
import { Spool } from './spool.ts'

const SPOOL_SEGMENT_BYTES = 8 * 1024 * 1024
const LOCK_MS = 10_000

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
