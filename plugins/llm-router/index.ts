import { type Decision, definePlugin, type RequestView } from '../../runner/plugin.ts'
import { compileRoute, type Route } from './compile.ts'
import { RouterConf } from './conf.ts'
import { decideRoute, type Surroundings } from './decide.ts'
import { decideFailover } from './failover.ts'
import { RouterSettingsSchema } from './settings.ts'
import { openShared, type Shared } from './shared.ts'
import { afterAnswer, afterDecision } from './signals.ts'
import { usageFields } from './usage.ts'

interface State {
  readonly route: Route
  readonly shared: Shared
  readonly around: Surroundings
}

/** Chooses provider and model of every LLM request and rewrites it for them; see README.md. */
export default definePlugin<typeof RouterConf, typeof RouterSettingsSchema, Shared, State>({
  name: 'llm-router',
  description: 'Routes LLM requests to providers by model, tier and state of health',
  conf: RouterConf,
  settings: RouterSettingsSchema,
  needs: { body: 'json' },
  onFailure: 'deny',
  open: openShared,
  close: (shared) => shared.close(),
  prepare: (conf, shared) => {
    const route = compileRoute(conf, shared.env)
    shared.report.prepared(route.providers.values())
    for (const provider of route.providers.values()) shared.mirror.declare(provider.name, provider.upstreamId)
    const { mirror, random } = shared
    return { route, shared, around: { fleet: mirror, acquireProbe: mirror.acquireProbe, random } }
  },
  continuesRequest: (conf) => conf.fallback,
  decide: (request, state) => {
    const decision = decide(request, state)
    if (decision instanceof Promise) return decision.then((settled) => reported(settled, state))
    return reported(decision, state)
  },
  finish: (request, { route, shared }, outcome) => {
    afterDecision(request, route.conf.fallback, outcome, shared.mirror)
  },
  enrich: usageFields,
  observe: (observation, { mirror }) => afterAnswer(observation, mirror),
})

function decide(request: RequestView, { route, around }: State): Decision | Promise<Decision> {
  return route.conf.fallback ? decideFailover(request, route, around) : decideRoute(request, route, around)
}

function reported(decision: Decision, { shared }: State): Decision {
  shared.report.decided(decision)
  return decision
}
