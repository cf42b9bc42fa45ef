import type { Services } from '../../runner/plugin.ts'
import { type DecisionReport, reportDecisions, reportState } from './report.ts'
import type { RouterSettings } from './settings.ts'
import { ControlApi } from './state/control-api.ts'
import { Hub } from './state/hub.ts'
import { MemoryRouterState } from './state/memory.ts'
import { Mirror } from './state/mirror.ts'
import type { RouterState } from './state/port.ts'
import { RedisRouterState } from './state/redis.ts'

/** What the router has open in one process. */
export interface Shared {
  readonly env: Services['env']
  readonly mirror: Mirror
  readonly report: DecisionReport
  readonly random: () => number
  close(): Promise<void>
}

export async function openShared(settings: RouterSettings, services: Services): Promise<Shared> {
  const { clock, log, metrics } = services
  const own: { hub?: Hub } = {}
  const state = await services.share<RouterState>('state', () => {
    own.hub = createHub(settings, services)
    return own.hub
  })
  // Only where the hub was made: the workers of one instance would each show the same numbers.
  const onRefresh = own.hub && reportState(metrics, own.hub)
  const mirror = new Mirror({
    state,
    clock,
    log,
    refreshMs: settings.refresh_ms,
    flushMs: settings.flush_ms,
    ...(onRefresh && { onRefresh }),
  })
  await mirror.start()
  return {
    env: services.env,
    mirror,
    report: reportDecisions(metrics, log),
    random: Math.random,
    close: async () => {
      await mirror.stop()
      own.hub?.close()
    },
  }
}

function createHub(settings: RouterSettings, { clock, log, redis }: Services): Hub {
  const control =
    settings.control_url === undefined
      ? undefined
      : new ControlApi(settings.control_url, settings, clock, log)
  control?.start()
  return new Hub({
    memory: new MemoryRouterState(settings, clock),
    shared: redis && new RedisRouterState(redis, settings),
    control,
    timeoutMs: settings.redis_timeout_ms,
    clock,
    log,
  })
}
