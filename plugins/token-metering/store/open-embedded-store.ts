import { join } from 'node:path'
import type { Journal, Services, UsageEvent } from '../../../runner/plugin.ts'
import { alertsOf, type UsageAlert } from '../alerts.ts'
import type { Calendar } from '../calendar.ts'
import { JournalOutbox } from '../relay/journal-outbox.ts'
import type { MeteringSettings } from '../settings.ts'
import { toCommitEntry } from './commit-entry.ts'
import { MemoryUsageStore } from './memory-usage-store.ts'
import type { OpenStore } from './open-store.ts'
import { RecentIds } from './recent-ids.ts'
import { forgetOldSegments } from './retention.ts'
import type { UsageStore } from './usage-store.ts'

const ALERTS_MAX_BYTES = 16 * 1024 * 1024
const ALERTS_SEGMENT_BYTES = 1024 * 1024
const REMEMBERED_ALERTS = 100_000
const RETENTION_EVERY_MS = 3_600_000

/** The embedded store: counted in memory, made durable in a journal where there is a data directory. */
export async function openEmbeddedStore(
  settings: MeteringSettings,
  services: Services,
  calendar: Calendar,
): Promise<OpenStore> {
  const { log, clock, dataDir } = services
  // Filled where the store is made, which is one process; in the others `share` gives a proxy.
  const journals = new Map<'events' | 'alerts', Journal>()
  const outboxes: JournalOutbox[] = []
  const store = await services.share<UsageStore>('usage-store', () =>
    openCounters(settings, services, calendar, journals),
  )
  const forget = () => {
    for (const [kind, journal] of journals) {
      const relayed = outboxes.filter(({ name }) => name === kind).map(({ position }) => position)
      forgetOldSegments(journal, relayed, clock.now()).catch((err) => {
        log.error({ err, journal: kind }, 'old records not forgotten')
      })
    }
  }
  const retention = setInterval(forget, RETENTION_EVERY_MS)
  retention.unref()
  return {
    store,
    outboxes: async (kind, sink) => {
      const journal = journals.get(kind)
      if (!journal || dataDir === undefined) return []
      const outbox = await JournalOutbox.open(kind, journal, join(dataDir, `${kind}.${sink}.offset`))
      outboxes.push(outbox)
      return [outbox]
    },
    close: async () => {
      clearInterval(retention)
      for (const journal of journals.values()) await journal.close()
    },
  }
}

/** The counters with what the journals say already; puts the journals into `journals`. */
async function openCounters(
  settings: MeteringSettings,
  { log, clock, openJournal }: Services,
  calendar: Calendar,
  journals: Map<'events' | 'alerts', Journal>,
): Promise<UsageStore> {
  const alerted = new RecentIds(REMEMBERED_ALERTS)
  const memory = new MemoryUsageStore({
    calendar,
    now: clock.now,
    journal: async (entries) => {
      await journals.get('events')?.append(entries.map(({ event }) => JSON.stringify(event)))
    },
    onCounted: (entry, totals, limits) => {
      const raised = alertsOf(entry, totals, limits, settings.alert_percents)
      const fresh = raised.filter(({ alert_id }) => !alerted.has(alert_id))
      for (const { alert_id } of fresh) alerted.add(alert_id)
      void journals
        .get('alerts')
        ?.append(fresh.map((alert) => JSON.stringify(alert)))
        .catch((err) => log.error({ err }, 'alert not kept'))
    },
  })
  // Counted as they are read: a month of events need not fit into memory.
  const events = await openJournal('usage', settings.journal_max_bytes, (record) => {
    memory.restore(toCommitEntry(JSON.parse(record) as UsageEvent, calendar))
  })
  const alerts = await openJournal(
    'alerts',
    ALERTS_MAX_BYTES,
    (record) => alerted.add((JSON.parse(record) as UsageAlert).alert_id),
    ALERTS_SEGMENT_BYTES,
  )
  if (events) journals.set('events', events)
  else log.warn({}, 'no data_dir and no redis: usage counters end with this process')
  if (alerts) journals.set('alerts', alerts)
  return memory
}
