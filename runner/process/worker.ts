import type { Socket } from 'node:net'
import { builtinPlugins } from '../../plugins/index.ts'
import { RunnerError } from '../errors.ts'
import { importPlugins, openPlugins } from '../open-plugins.ts'
import type { PrepareConf } from '../rpc/codec.ts'
import type { ConfRegistry } from '../rpc/conf-store.ts'
import { createLog } from '../services/log.ts'
import { collectProcessMetrics, createMetrics } from '../services/metrics.ts'
import { type Channel, remoteShare } from '../services/share.ts'
import { channelOf, type ToSupervisor, type ToWorker } from './messages.ts'
import { createRequestFlow, type RequestFlow } from './request-flow.ts'
import { createServices } from './services.ts'

/**
 * A worker process: the request flow only. Connections, confs and orders come from the supervisor; when that is gone,
 * so is the worker.
 */
const SHARED_CALL_DEADLINE_MS = 2_000
const REGISTER_DEADLINE_MS = 5_000

const channel = channelOf(process)
const send = (message: ToSupervisor) => channel.send(message)
const registry = remoteRegistry(channel)
let stop: ((deadlineMs: number) => Promise<void>) | undefined
/** Confs that came while this worker was starting. */
const early: Extract<ToWorker, { kind: 'install' }>[] = []

process.on('message', (message: ToWorker, socket?: Socket) => {
  if (message.kind === 'start') {
    start(message).catch((error: Error) => {
      send({ kind: 'failed', message: error.message })
      process.exitCode = 1
      process.disconnect()
    })
  } else if (message.kind === 'drain') {
    void (stop?.(message.deadlineMs) ?? Promise.resolve()).then(() => {
      send({ kind: 'drained' })
      process.disconnect()
    })
  } else if (message.kind === 'install' && !flow) {
    early.push(message)
  } else if (message.kind === 'connection' && !flow) {
    socket?.destroy()
  }
})
process.on('disconnect', () => process.exit())
// Ctrl-C and service managers signal the whole process group; the supervisor decides when workers stop.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('SIGHUP', () => {})

let flow: RequestFlow | undefined

async function start({ settings, confs }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  const { log, reopen, flush } = createLog({ level: settings.log.level, file: settings.log.file })
  const metrics = createMetrics()
  collectProcessMetrics(metrics)
  const share = remoteShare(channel, SHARED_CALL_DEADLINE_MS)
  const services = await createServices(settings, log, metrics, share, 'requests')
  const definitions = [...builtinPlugins, ...(await importPlugins(settings.extra_plugins))]
  const plugins = await openPlugins(definitions, settings, services.servicesOf)
  const requests = createRequestFlow({
    settings,
    plugins: plugins.byName,
    records: services.records,
    log,
    metrics,
    registry: () => registry,
  })
  for (const conf of confs) requests.confs.install(conf)
  const install = ({ conf, request }: Extract<ToWorker, { kind: 'install' }>) => {
    requests.confs.install(conf)
    send({ kind: 'installed', request })
  }
  for (const message of early) install(message)
  process.on('message', (message: ToWorker, socket?: Socket) => {
    if (message.kind === 'connection') {
      // A peer that hung up on the way leaves no socket, but it was counted.
      if (socket) requests.server.accept(socket, () => send({ kind: 'connection-closed' }))
      else send({ kind: 'connection-closed' })
    } else if (message.kind === 'install') {
      install(message)
    } else if (message.kind === 'collect-metrics') {
      void metrics.registry.getMetricsAsJSON().then((collected) => {
        send({ kind: 'metrics', request: message.request, metrics: collected })
      })
    } else if (message.kind === 'reopen-log') {
      reopen()
    }
  })
  stop = async (deadlineMs) => {
    await requests.server.drain(deadlineMs)
    await plugins.close()
    await services.close()
    flush()
  }
  flow = requests
  send({ kind: 'ready' })
}

function remoteRegistry(supervisor: Channel): ConfRegistry {
  const open = new Map<number, (answer: Extract<ToWorker, { kind: 'registered' }>) => void>()
  let requests = 0
  supervisor.onMessage((raw) => {
    const message = raw as ToWorker
    if (message.kind !== 'registered') return
    open.get(message.request)?.(message)
    open.delete(message.request)
  })
  return {
    register: (conf: PrepareConf) =>
      new Promise((resolve, reject) => {
        const request = ++requests
        const timer = setTimeout(() => {
          open.delete(request)
          reject(new RunnerError('DEADLINE_EXCEEDED', `no conf token within ${REGISTER_DEADLINE_MS} ms`))
        }, REGISTER_DEADLINE_MS)
        open.set(request, ({ token, error }) => {
          clearTimeout(timer)
          if (token !== undefined) resolve(token)
          else reject(new RunnerError('STORE_UNAVAILABLE', `conf not registered: ${error}`))
        })
        send({ kind: 'register', request, message: conf })
      }),
  }
}
