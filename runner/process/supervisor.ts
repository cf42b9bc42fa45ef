import { AggregatorRegistry } from 'prom-client'
import { builtinPlugins } from '../../plugins/index.ts'
import { importPlugins, openPlugins } from '../open-plugins.ts'
import { LocalConfRegistry } from '../rpc/conf-registry.ts'
import { listen } from '../rpc/listener.ts'
import type { ReopenableLog } from '../services/log.ts'
import { collectProcessMetrics, createMetrics } from '../services/metrics.ts'
import { SharedObjects } from '../services/share.ts'
import type { Settings } from '../settings/schema.ts'
import type { RunningProcess } from './running.ts'
import { createServices } from './services.ts'
import { startUsageFlow } from './usage-flow.ts'
import { WorkerPool } from './worker-pool.ts'

const EXPIRE_EVERY_MS = 60_000

/**
 * The parent of the workers: owns the socket and hands connections on, gives out conf tokens, holds the embedded
 * stores, and runs the usage flow, so that a worker that dies takes no count with it.
 */
export async function startSupervisor(
  settings: Settings,
  { log, reopen }: ReopenableLog,
): Promise<RunningProcess> {
  const metrics = createMetrics()
  collectProcessMetrics(metrics)
  const shared = new SharedObjects()
  const services = await createServices(settings, log, metrics, shared.share, 'usage')
  const definitions = [...builtinPlugins, ...(await importPlugins(settings.extra_plugins))]
  const plugins = await openPlugins(definitions, settings, services.servicesOf)
  const registry = new LocalConfRegistry(async (conf) => {
    await Promise.all(pool.alive.map((worker) => worker.install(conf)))
  })
  const pool = new WorkerPool(settings, registry, shared, log)
  await pool.start()
  const usage = await startUsageFlow({
    settings,
    plugins: plugins.byName,
    records: services.records,
    log,
    metrics,
    metricsPage: async () => {
      const parts = await Promise.all([
        metrics.registry.getMetricsAsJSON(),
        ...pool.alive.map((w) => w.collectMetrics()),
      ])
      const page = AggregatorRegistry.aggregate(parts as object[])
      return { contentType: page.contentType, text: await page.metrics() }
    },
    notReady: () => (pool.alive.some((worker) => worker.ready) ? undefined : 'a worker'),
  })
  metrics.observedGauge('llm_runner_workers', 'Worker processes that are ready.', () => {
    return pool.alive.filter((worker) => worker.ready).length
  })
  const restarts = metrics.counter('llm_runner_worker_restarts_total', 'Workers replaced after a crash.')
  pool.onCrash = () => restarts.inc()
  const expiry = setInterval(() => void registry.expire(settings.conf_expire_s * 1000), EXPIRE_EVERY_MS)
  const listener = await listen(
    {
      address: settings.listen,
      mode: Number.parseInt(settings.socket_mode, 8),
      group: settings.socket_group,
    },
    (socket) => pool.assign(socket),
  )
  return {
    usagePort: usage.port,
    reload: (fresh) => {
      log.level = fresh.log.level
      reopen()
      void pool.replaceAll(fresh)
    },
    stop: async (drainMs) => {
      clearInterval(expiry)
      listener.close()
      await pool.stop(drainMs)
      await usage.close()
      await plugins.close()
      await services.close()
    },
  }
}
