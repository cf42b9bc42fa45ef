import { builtinPlugins } from '../../plugins/index.ts'
import { importPlugins, openPlugins } from '../open-plugins.ts'
import { LocalConfRegistry } from '../rpc/conf-registry.ts'
import { listen } from '../rpc/listener.ts'
import type { ReopenableLog } from '../services/log.ts'
import { collectProcessMetrics, createMetrics } from '../services/metrics.ts'
import { SharedObjects } from '../services/share.ts'
import type { Settings } from '../settings/schema.ts'
import { createRequestFlow } from './request-flow.ts'
import type { RunningProcess } from './running.ts'
import { createServices } from './services.ts'
import { startUsageFlow } from './usage-flow.ts'

/** One process does everything: both flows and the embedded stores. */
export async function startSingle(
  settings: Settings,
  { log, reopen }: ReopenableLog,
): Promise<RunningProcess> {
  const metrics = createMetrics()
  collectProcessMetrics(metrics)
  const services = await createServices(settings, log, metrics, new SharedObjects().share, 'all')
  const definitions = [...builtinPlugins, ...(await importPlugins(settings.extra_plugins))]
  const plugins = await openPlugins(definitions, settings, services.servicesOf)
  const requests = createRequestFlow({
    settings,
    plugins: plugins.byName,
    records: services.records,
    log,
    metrics,
    registry: (confs) => new LocalConfRegistry((conf) => confs.install(conf)),
  })
  const usage = await startUsageFlow({
    settings,
    plugins: plugins.byName,
    records: services.records,
    log,
    metrics,
    metricsPage: async () => ({
      contentType: metrics.registry.contentType,
      text: await metrics.registry.metrics(),
    }),
    notReady: () => undefined,
  })
  const listener = await listen(
    {
      address: settings.listen,
      mode: Number.parseInt(settings.socket_mode, 8),
      group: settings.socket_group,
    },
    (socket) => requests.server.accept(socket),
  )
  return {
    usagePort: usage.port,
    reload: (fresh) => {
      requests.reload(fresh)
      log.level = fresh.log.level
      reopen()
    },
    stop: async (drainMs) => {
      listener.close()
      await requests.server.drain(drainMs)
      await usage.close()
      await plugins.close()
      await services.close()
    },
  }
}
