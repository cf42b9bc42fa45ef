import type { Services } from '../../../runner/plugin.ts'
import type { MeteringSettings } from '../settings.ts'
import type { OpenStore } from '../store/open-store.ts'
import { BacklogWatch } from './backlog-watch.ts'
import type { Outbox, Sink, SinkName } from './outbox.ts'
import { Relay } from './relay.ts'
import { clickHouseSink, kafkaSink, webhookSink } from './sinks.ts'

export interface Relays {
  stop(): Promise<void>
}

const POLL_MS = 100
const MAX_BACKOFF_MS = 5_000
const BATCH: Readonly<Record<SinkName, number>> = { kafka: 500, clickhouse: 5_000, webhook: 20 }

type Kind = 'events' | 'alerts'

/** Starts a relay for each outbox and sink, in the process that has the usage flow. */
export async function openRelays(
  opened: OpenStore,
  settings: MeteringSettings,
  services: Services,
): Promise<Relays> {
  const { log, metrics, kafka } = services
  if (services.role === 'requests') return { stop: async () => {} }
  const sent = metrics.counter('llm_outbox_sent_total', 'Records that a sink has got.', ['kind', 'sink'])
  const failed = metrics.counter('llm_outbox_failures_total', 'Batches that a sink refused.', [
    'kind',
    'sink',
  ])
  const dropped = metrics.counter('llm_alerts_given_up_total', 'Alerts that the webhook never took.')

  const pairs: [Kind, Sink][] = []
  if (kafka) {
    pairs.push(['events', kafkaSink(kafka, settings.kafka_topic)])
    pairs.push(['alerts', kafkaSink(kafka, settings.kafka_alerts_topic)])
  }
  if (settings.clickhouse) {
    const { url, table, user, password, timeout_ms: timeoutMs } = settings.clickhouse
    pairs.push(['events', clickHouseSink({ url, table, user, password, timeoutMs })])
  }
  if (settings.alert_webhook) {
    const { url, authorization, timeout_ms: timeoutMs, tries } = settings.alert_webhook
    const givenUp = (err: unknown) => {
      dropped.inc()
      log.error({ err }, 'alert given up: the webhook does not take it')
    }
    pairs.push(['alerts', webhookSink({ url, authorization, timeoutMs, tries, givenUp })])
  }

  const relays: Relay[] = []
  const watched: Outbox[] = []
  for (const [kind, sink] of pairs) {
    const sinks = pairs.flatMap(([other, { name }]) => (other === kind ? [name] : []))
    for (const outbox of await opened.outboxes(kind, sink.name, sinks)) {
      const labels = { kind, sink: sink.name }
      const report = {
        sent: (records: number) => sent.inc(labels, records),
        failed: () => failed.inc(labels),
      }
      const batch = BATCH[sink.name]
      const relay = new Relay(
        outbox,
        sink,
        { batch, pollMs: POLL_MS, maxBackoffMs: MAX_BACKOFF_MS },
        report,
        log,
      )
      relay.start()
      relays.push(relay)
      watched.push(outbox)
    }
  }
  const watch = new BacklogWatch(watched, settings.outbox_alarm_s, services)
  watch.start()
  return {
    stop: async () => {
      watch.stop()
      await Promise.all(relays.map((relay) => relay.stop()))
    },
  }
}
