import { join } from 'node:path'
import type { Ledger, Observation } from '../plugin.ts'
import type { RequestRecords } from '../records/index.ts'
import type { OpenPlugin } from '../rpc/prepare-chain.ts'
import type { Log, Metrics } from '../services/index.ts'
import type { Settings } from '../settings/schema.ts'
import { OtlpExporter } from '../tracing/otlp-exporter.ts'
import { spanOf } from '../tracing/span.ts'
import { AdminDesk } from '../usage/admin-desk.ts'
import { type DeadLetters, FileDeadLetters } from '../usage/dead-letters.ts'
import { Digester } from '../usage/digester.ts'
import { FanOut } from '../usage/fan-out.ts'
import { Intake } from '../usage/intake.ts'
import { MemoryLedger } from '../usage/memory-ledger.ts'
import { Receiver } from '../usage/receiver.ts'
import { reportUsage } from '../usage/report.ts'

export interface UsageFlowParts {
  readonly settings: Settings
  readonly plugins: ReadonlyMap<string, OpenPlugin>
  readonly records: RequestRecords
  readonly log: Log
  readonly metrics: Metrics
  metricsPage(): Promise<{ contentType: string; text: string }>
  notReady(): string | undefined
}

export interface UsageFlow {
  readonly port: number
  /** Finishes open posts and the observers of what was committed. */
  close(): Promise<void>
}

const REMEMBERED_IDS = 1_000_000

/** Everything from http-logger's post to the ledger and the observers, for the process that has it. */
export async function startUsageFlow(parts: UsageFlowParts): Promise<UsageFlow> {
  const { settings, log, metrics } = parts
  const plugins = [...parts.plugins.values()]
  const report = reportUsage(metrics)
  const exporter = startTracing(settings, metrics, log)
  const tracing = exporter
    ? [
        {
          plugin: 'otlp',
          observe: (seen: Observation) => exporter.push(spanOf(seen.event, seen.traceparent)),
        },
      ]
    : []
  const observers = plugins.flatMap(({ definition, shared }) =>
    definition.observe
      ? [{ plugin: definition.name, observe: (seen: Observation) => definition.observe?.(seen, shared) }]
      : [],
  )
  const fanOut = new FanOut(
    [...observers, ...tracing],
    { deadlineMs: settings.usage.observer_deadline_ms, maxWaiting: settings.usage.max_waiting_observations },
    report,
    log,
  )
  const digester = new Digester()
  const intake = new Intake({
    records: parts.records,
    enrichers: plugins.flatMap(({ definition, shared }) =>
      definition.enrich
        ? [{ plugin: definition.name, enrich: (seen) => definition.enrich?.(seen, shared) ?? {} }]
        : [],
    ),
    ledger: ledgerOf(plugins),
    fanOut,
    deadLetters: deadLettersOf(settings),
    report,
    log,
    now: Date.now,
  })
  const receiver = new Receiver(
    {
      host: settings.usage.host,
      port: settings.usage.port,
      authHeader: settings.usage.auth_header,
      adminKey: settings.usage.admin_key,
      maxPostBytes: settings.usage.max_post_bytes,
      maxWaitingBytes: settings.usage.max_waiting_bytes,
      postDeadlineMs: settings.usage.post_deadline_ms,
    },
    {
      digester,
      intake,
      admin: new AdminDesk(
        plugins.flatMap(({ definition, shared }) =>
          definition.admin
            ? [{ plugin: definition.name, admin: (request) => definition.admin?.(request, shared) }]
            : [],
        ),
      ),
      log,
      metricsPage: parts.metricsPage,
      notReady: parts.notReady,
      report: report.post,
    },
  )
  const port = await receiver.listen()
  return {
    port,
    close: async () => {
      await receiver.close()
      await fanOut.drain()
      await exporter?.close()
      await digester.close()
    },
  }
}

function startTracing(settings: Settings, metrics: Metrics, log: Log): OtlpExporter | undefined {
  const { otlp } = settings
  if (!otlp) return undefined
  const spans = metrics.counter('llm_trace_spans_total', 'Spans by what became of them.', ['result'])
  return new OtlpExporter(
    {
      endpoint: otlp.endpoint,
      serviceName: otlp.service_name,
      headers: otlp.headers,
      timeoutMs: otlp.timeout_ms,
      maxWaiting: settings.usage.max_waiting_observations,
    },
    {
      exported: (count) => spans.inc({ result: 'exported' }, count),
      dropped: (count) => spans.inc({ result: 'dropped' }, count),
    },
    log,
  )
}

function ledgerOf(plugins: readonly OpenPlugin[]): Ledger {
  const ledgers = plugins.flatMap(({ definition, shared }) => definition.ledger?.(shared) ?? [])
  return ledgers[0] ?? new MemoryLedger(REMEMBERED_IDS)
}

function deadLettersOf(settings: Settings): DeadLetters {
  if (settings.data_dir === undefined) return { keep: async () => {} }
  return new FileDeadLetters(
    join(settings.data_dir, 'dead-letters.jsonl'),
    settings.usage.dead_letters_max_bytes,
  )
}
