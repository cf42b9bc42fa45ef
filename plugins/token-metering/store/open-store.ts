import type { Services, UsageEvent } from '../../../runner/plugin.ts'
import type { Calendar } from '../calendar.ts'
import { moneyOf } from '../pricer.ts'
import { MemoryUsageStore } from './memory-usage-store.ts'
import { ANONYMOUS, type CommitEntry, type UsageStore } from './usage-store.ts'

export function toCommitEntry(event: UsageEvent, calendar: Calendar): CommitEntry {
  return {
    event,
    consumer: event.consumer ?? ANONYMOUS,
    day: calendar.day(event.timestamp_ms),
    month: calendar.month(event.timestamp_ms),
    picoUsd: moneyOf(event),
  }
}

/** The embedded store: counted in memory, made durable in a journal where there is a data directory. */
export async function openEmbeddedStore(
  services: Services,
  calendar: Calendar,
  journalMaxBytes: number,
): Promise<UsageStore> {
  const replayed: UsageEvent[] = []
  const journal = await services.openJournal('usage', journalMaxBytes, (record) => {
    replayed.push(JSON.parse(record) as UsageEvent)
  })
  const store = new MemoryUsageStore({
    calendar,
    now: services.clock.now,
    ...(journal
      ? {
          journal: (entries) => journal.append(entries.map(({ event }) => JSON.stringify(event))),
          onClose: () => journal.close(),
        }
      : {}),
  })
  for (const event of replayed) store.restore(toCommitEntry(event, calendar))
  if (!journal) services.log.warn({}, 'no data_dir and no redis: usage counters end with this process')
  return store
}
