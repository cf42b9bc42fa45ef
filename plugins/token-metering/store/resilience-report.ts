import type { Metrics } from '../../../runner/plugin.ts'
import type { ResilientReport } from './resilient-usage-store.ts'
import type { Spool } from './spool.ts'

/** The shared store's availability on the metrics page. */
export function reportResilience(metrics: Metrics, spool: Spool | undefined): ResilientReport {
  const up = metrics.gauge('llm_usage_store_up', '1: quotas and counters in Redis answer.', [], 'min')
  const fallbacks = metrics.counter(
    'llm_usage_store_fallbacks_total',
    'Calls that the shared store did not answer in time.',
    ['operation', 'reason'],
  )
  const spooled = metrics.counter('llm_usage_spooled_total', 'Events that went to the spool.')
  const replayed = metrics.counter('llm_usage_replayed_total', 'Events that came back from the spool.', [
    'result',
  ])
  if (spool) {
    metrics.observedGauge('llm_usage_spool_events', 'Events in the spool.', () => spool.waiting)
    metrics.observedGauge('llm_usage_spool_bytes', 'Size of the spool.', () => spool.bytes)
  }
  return {
    up: (isUp) => up.set(isUp ? 1 : 0),
    fallback: (operation, reason) => fallbacks.inc({ operation, reason }),
    spooled: (events) => spooled.inc(events),
    replayed: (events, duplicates) => {
      replayed.inc({ result: 'new' }, events - duplicates)
      replayed.inc({ result: 'duplicate' }, duplicates)
    },
  }
}
