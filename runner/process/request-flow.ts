import type { RequestRecords } from '../records/index.ts'
import { Answerer, type AnswererObserver, type CallLimits } from '../rpc/answer.ts'
import type { ConfRegistry } from '../rpc/conf-store.ts'
import { ConfStore } from '../rpc/conf-store.ts'
import { ChainFactory, type OpenPlugin } from '../rpc/prepare-chain.ts'
import { RpcServer } from '../rpc/rpc-server.ts'
import type { Log, Metrics } from '../services/index.ts'
import { DECISION_BUCKETS } from '../services/metrics.ts'
import type { Settings } from '../settings/schema.ts'

export interface RequestFlowParts {
  readonly settings: Settings
  readonly plugins: ReadonlyMap<string, OpenPlugin>
  readonly records: RequestRecords
  readonly log: Log
  readonly metrics: Metrics
  /** Gets the store that the registry has to fill. */
  registry(confs: ConfStore): ConfRegistry
}

export interface RequestFlow {
  readonly server: RpcServer
  readonly confs: ConfStore
  /** Takes over what a reload may change while calls run. */
  reload(settings: Settings): void
}

/** Everything from the socket to the reply, for one process. */
export function createRequestFlow(parts: RequestFlowParts): RequestFlow {
  const { settings, plugins, records, log, metrics } = parts
  const factory = new ChainFactory(plugins, settings.deadlines.plugin_ms)
  const confs = new ConfStore((conf) => {
    const chain = factory.prepare(conf)
    if (chain.refusal) log.error({ err: chain.refusal, route: chain.routeId }, 'route conf refused')
    return chain
  })
  const live: { -readonly [K in keyof CallLimits]: CallLimits[K] } = limitsOf(settings)
  const answerer = new Answerer({
    confs,
    registry: parts.registry(confs),
    records,
    live,
    observer: observeCalls(log, metrics),
    now: Date.now,
  })
  const server = new RpcServer(answerer, confs, settings.conf_expire_s * 1000)
  metrics.observedGauge('llm_runner_connections', 'Open connections from APISIX.', () => server.connections)
  metrics.observedGauge('llm_runner_confs', 'Route confs that are prepared.', () => confs.size, 'max')
  return { server, confs, reload: (fresh) => Object.assign(live, limitsOf(fresh)) }
}

function limitsOf(settings: Settings): CallLimits {
  return {
    body: {
      maxBodyBytes: settings.limits.max_body_bytes,
      maxJsonValues: settings.limits.max_json_values,
    },
    deadlineMs: settings.deadlines.call_ms,
  }
}

function observeCalls(log: Log, metrics: Metrics): AnswererObserver {
  const calls = metrics.histogram(
    'llm_runner_call_duration_seconds',
    'Calls from APISIX, questions to it included.',
    DECISION_BUCKETS,
    ['kind', 'result'],
  )
  const steps = metrics.histogram('llm_plugin_duration_seconds', 'Decisions of plugins.', DECISION_BUCKETS, [
    'plugin',
    'outcome',
  ])
  const failures = metrics.counter('llm_plugin_failures_total', 'Plugins that threw or were late.', [
    'plugin',
    'code',
    'allowed',
  ])
  const errors = metrics.counter('llm_runner_errors_total', 'Errors by code, see docs/errors.md.', ['code'])
  return {
    call: (kind, result, seconds) => calls.observe({ kind, result }, seconds),
    step: (plugin, outcome, seconds) => steps.observe({ plugin, outcome }, seconds),
    failure: (plugin, request, error, allowed) => {
      failures.inc({ plugin, code: error.code, allowed: String(allowed) })
      log.error(
        { err: error, plugin, request_id: request.id, route: request.routeId, allowed },
        'plugin failed',
      )
    },
    confRefused: (chain) => {
      errors.inc({ code: 'CONF_INVALID' })
      log.debug({ route: chain.routeId }, 'call refused: its conf is not valid')
    },
    error: (error, { requestId, routeId }) => {
      errors.inc({ code: error.code })
      const { log: level } = error.kind
      log[level === 'fatal' ? 'error' : level](
        {
          err: error,
          ...(requestId === undefined ? {} : { request_id: requestId }),
          ...(routeId === undefined ? {} : { route: routeId }),
        },
        'call',
      )
    },
  }
}
