import { Type } from 'typebox'
import { definePlugin } from '../../runner/plugin.ts'
import { compileRoute } from './compile.ts'
import { RouterConf } from './conf.ts'
import { decideRoute } from './decide.ts'
import { decideFailover } from './failover.ts'
import type { FleetView } from './state/fleet.ts'
import { usageFields } from './usage.ts'

const calm: FleetView = {
  standing: () => ({ state: 'closed' }),
  upstreamIsUp: () => true,
  inFlight: () => 0,
  ttftMs: () => undefined,
}

/** Chooses provider and model of every LLM request and rewrites it for them; see README.md. */
export default definePlugin({
  name: 'llm-router',
  description: 'Routes LLM requests to providers by model, tier and state of health',
  conf: RouterConf,
  settings: Type.Object({}, { additionalProperties: false, default: {} }),
  needs: { body: 'json' },
  onFailure: 'deny',
  open: (_settings, services) => ({
    env: services.env,
    around: { fleet: calm, acquireProbe: async () => true, random: Math.random },
  }),
  prepare: (conf, { env, around }) => ({ route: compileRoute(conf, env), around }),
  continuesRequest: (conf) => conf.fallback,
  decide: (request, { route, around }) =>
    route.conf.fallback ? decideFailover(request, route, around) : decideRoute(request, route, around),
  enrich: usageFields,
})
