import type { Decision, Log, Metrics } from '../../runner/plugin.ts'
import type { Provider } from './catalogue/provider.ts'
import type { RouteNote } from './note.ts'
import type { Hub } from './state/hub.ts'
import type { Snapshot } from './state/port.ts'

export interface DecisionReport {
  /** Says which keys of a conf are missing. */
  prepared(providers: Iterable<Provider>): void
  decided(decision: Decision): void
}

/** Counts decisions. Every label is a name from a conf or from a closed list. */
export function reportDecisions(metrics: Metrics, log: Log): DecisionReport {
  const missingKeys = metrics.gauge(
    'llm_router_provider_keys_missing',
    'Keys of a provider that the confs name and the environment does not have, added up over the workers.',
    ['provider'],
  )
  const decisions = metrics.counter(
    'llm_router_decisions_total',
    'Requests sent on, by the provider chosen, tier, and why it is not the first choice (first_choice: it is).',
    ['provider', 'tier', 'reason'],
  )
  const stops = metrics.counter('llm_router_stops_total', 'Requests that the router answered itself.', [
    'status',
  ])
  const spills = metrics.counter(
    'llm_router_spills_total',
    'Requests that left a provider with a full queue, by where they went.',
    ['provider'],
  )
  return {
    prepared: (providers) => {
      for (const { name: provider, keys } of providers) {
        missingKeys.set({ provider }, keys.problems.length)
        for (const problem of keys.problems) {
          const left = keys.usable ? 'goes on with its other keys' : 'is left out of every rule'
          log.error({ provider }, `provider ${provider} ${left}: ${problem}`)
        }
      }
    },
    decided: (decision) => {
      if (decision.kind === 'stop') return stops.inc({ status: String(decision.status) })
      const note = decision.note as RouteNote | undefined
      const provider = note?.attempts.at(-1)?.provider
      if (!note || provider === undefined) return
      const later = note.attempts.length > 1
      const reason = later ? 'failover' : (note.fallback_reason ?? 'first_choice')
      decisions.inc({ provider, tier: note.tier, reason })
      if (reason === 'queue_full') spills.inc({ provider })
    },
  }
}

const UPSTREAM_HEALTH = { up: 0, down: 1, skipped: 2 } as const
const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 } as const

/** What all workers share, shown by the one process that holds it: the page adds up what several say. */
export function reportState(metrics: Metrics, hub: Hub): (snapshot: Snapshot) => void {
  const breakers = metrics.gauge(
    'llm_router_breaker_state',
    'Circuit breaker of a provider and model: 0 closed, 1 half-open, 2 open.',
    ['provider', 'model'],
  )
  const down = metrics.gauge(
    'llm_router_upstream_down',
    'What APISIX’s active check says of a provider: 0 up, 1 down, 2 down and skipped by APISIX.',
    ['provider'],
  )
  const inFlight = metrics.gauge('llm_router_in_flight', 'Requests in flight, of all instances.', [
    'provider',
  ])
  const disagreement = metrics.gauge(
    'llm_router_health_disagreement',
    'Providers that the active check and the circuit breakers judge differently.',
  )
  const local = metrics.gauge(
    'llm_router_state_local',
    '1 while the shared state is away and the copy of this instance is used.',
  )
  return (snapshot) => {
    breakers.reset()
    const judged = new Set([...Object.keys(snapshot.ttftMs), ...Object.keys(snapshot.breakers)])
    for (const key of judged) {
      const [provider = '', model = ''] = splitKey(key)
      const open = snapshot.breakers[key]
      const state = open ? (open.forMs > 0 ? 'open' : 'half_open') : 'closed'
      breakers.set({ provider, model }, BREAKER_STATES[state])
    }
    for (const [provider, upstream] of hub.upstreams) {
      down.set({ provider }, UPSTREAM_HEALTH[snapshot.upstreamsDown[upstream] ?? 'up'])
    }
    for (const [provider, count] of Object.entries(snapshot.inFlight)) inFlight.set({ provider }, count)
    disagreement.set(disagreements(snapshot, hub.upstreams))
    local.set(hub.isLocal ? 1 : 0)
  }
}

/** Providers that the active check calls down while all their breakers are closed, or the other way round. */
export function disagreements(snapshot: Snapshot, upstreams: ReadonlyMap<string, string>): number {
  const broken = new Set(
    Object.entries(snapshot.breakers)
      .filter(([, { cause }]) => cause === 'failures')
      .map(([key]) => splitKey(key)[0]),
  )
  return [...upstreams].filter(
    ([provider, upstream]) => Object.hasOwn(snapshot.upstreamsDown, upstream) !== broken.has(provider),
  ).length
}

function splitKey(key: string): [provider: string, model: string] {
  const at = key.indexOf('|')
  return [key.slice(0, at), key.slice(at + 1)]
}
