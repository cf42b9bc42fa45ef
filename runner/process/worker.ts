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
import { createRequestFlow } from './request-flow.ts'
import { createServices } from './services.ts'

const SHARED_CALL_DEADLINE_MS = 2_000
const REGISTER_DEADLINE_MS = 5_000

/**
 * What a worker process does once it is ready: the request flow only. Connections, confs and orders come from the
 * supervisor; when that is gone, so is the worker.
 */
interface Worker {
  accept(socket: Socket): void
  install(message: Install): void
  collectMetrics(request: number): Promise<void>
  drain(deadlineMs: number): Promise<void>
}
type Start = Extract<ToWorker, { kind: 'start' }>
type Install = Extract<ToWorker, { kind: 'install' }>

const channel = channelOf(process)
const send = (message: ToSupervisor) => channel.send(message)
const registry = remoteRegistry(channel)
let worker: Worker | undefined
/** Confs that came while this worker was starting. */
const early: Install[] = []

process.on('message', (message: ToWorker, socket?: Socket) => {
  switch (message.kind) {
    case 'start':
      void start(message).then(ready, failed)
      break
    case 'install':
      if (worker) worker.install(message)
      else early.push(message)
      break
    case 'connection':
      if (worker && socket) worker.accept(socket)
      else dropped(socket)
      break
    case 'collect-metrics':
      void worker?.collectMetrics(message.request)
      break
    case 'drain':
      void drain(message.deadlineMs)
      break
    case 'registered':
      // remoteRegistry listens for these itself.
      break
  }
})
process.on('disconnect', () => process.exit())
// Ctrl-C and service managers signal the whole process group; the supervisor decides when workers stop.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('SIGHUP', () => {})

function ready(started: Worker): void {
  worker = started
  for (const message of early.splice(0)) worker.install(message)
  send({ kind: 'ready' })
}

function failed(error: Error): void {
  send({ kind: 'failed', message: error.message })
  process.exitCode = 1
  process.disconnect()
}

/** A peer that hung up on the way leaves no socket, but it was counted. */
function dropped(socket: Socket | undefined): void {
  socket?.destroy()
  send({ kind: 'connection-closed' })
}

/** Ends this process, also when something does not close as it should. */
async function drain(deadlineMs: number): Promise<void> {
  try {
    await worker?.drain(deadlineMs)
  } finally {
    process.disconnect()
  }
}

async function start({ settings, confs }: Start): Promise<Worker> {
  const { log, flush } = createLog({ level: settings.log.level, file: settings.log.file })
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
  return {
    accept: (socket) => requests.server.accept(socket, () => send({ kind: 'connection-closed' })),
    install: ({ conf, request }) => {
      requests.confs.install(conf)
      send({ kind: 'installed', request })
    },
    collectMetrics: async (request) => {
      send({ kind: 'metrics', request, metrics: await metrics.registry.getMetricsAsJSON() })
    },
    drain: async (deadlineMs) => {
      await requests.server.drain(deadlineMs)
      await plugins.close()
      await services.close()
      flush()
    },
  }
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
