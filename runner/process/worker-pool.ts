import type { Socket } from 'node:net'
import { RunnerError } from '../errors.ts'
import type { LocalConfRegistry } from '../rpc/conf-registry.ts'
import type { Log } from '../services/index.ts'
import type { SharedObjects } from '../services/share.ts'
import { reloaded } from '../settings/reloadable.ts'
import type { Settings } from '../settings/schema.ts'
import { WorkerHandle } from './worker-handle.ts'

const FIRST_BACKOFF_MS = 100
const LAST_BACKOFF_MS = 10_000
/** A worker that lived this long has earned a fresh start of the back-off. */
const STABLE_AFTER_MS = 30_000
/** A machine that is busy with other things may need more than half a minute. */
const START_DEADLINE_MS = 120_000

/** Keeps the wanted number of workers running and spreads the connections over them. */
export class WorkerPool {
  #settings: Settings
  readonly #registry: LocalConfRegistry
  readonly #shared: SharedObjects
  readonly #log: Log
  readonly #workers = new Set<WorkerHandle>()
  /** Connections that came while no worker was ready: they wait instead of failing. */
  readonly #unassigned: Socket[] = []
  #backoffMs = FIRST_BACKOFF_MS
  #replacing: Promise<void> = Promise.resolve()
  #stopping = false
  onCrash: () => void = () => {}

  constructor(settings: Settings, registry: LocalConfRegistry, shared: SharedObjects, log: Log) {
    this.#settings = settings
    this.#registry = registry
    this.#shared = shared
    this.#log = log
  }

  get alive(): WorkerHandle[] {
    return [...this.#workers].filter((worker) => !worker.draining)
  }

  /** @throws RunnerError when the workers do not get ready: a mistake in the settings, most likely. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#settings.workers }, () => this.#spawnReady()))
  }

  /** To the worker with the fewest connections that takes it: one that just died may still be in the list. */
  assign(socket: Socket): void {
    const ready = this.alive.filter((worker) => worker.ready).sort((a, b) => a.connections - b.connections)
    if (!ready.some((worker) => worker.handOver(socket))) this.#unassigned.push(socket)
  }

  /** Fresh workers with what may be reloaded first, then the old ones drain. One reload after the other. */
  replaceAll(settings: Settings): Promise<void> {
    this.#replacing = this.#replacing.then(() => this.#replaceAll(settings))
    return this.#replacing
  }

  async #replaceAll(settings: Settings): Promise<void> {
    if (this.#stopping) return
    const before = this.#settings
    const old = this.alive
    this.#settings = reloaded(before, settings)
    let leaving = old
    try {
      await this.start()
    } catch (err) {
      this.#log.error({ err }, 'workers were not replaced, the old ones and their settings stay')
      this.#settings = before
      leaving = this.alive.filter((worker) => !old.includes(worker))
    }
    await Promise.all(leaving.map((worker) => worker.drain(settings.deadlines.drain_ms)))
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopping = true
    for (const socket of this.#unassigned) socket.destroy()
    await Promise.all([...this.#workers].map((worker) => worker.drain(drainMs)))
  }

  async #spawnReady(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new RunnerError('LISTEN_FAILED', 'a worker did not get ready')),
        START_DEADLINE_MS,
      )
      void this.#spawn(resolve, (reason) => {
        reject(new RunnerError('LISTEN_FAILED', `a worker does not start: ${reason}`))
      })
    }).finally(() => clearTimeout(timer))
  }

  async #spawn(onReady?: () => void, onFailed?: (reason: string) => void): Promise<void> {
    const confs = await this.#registry.all()
    const worker = new WorkerHandle(this.#settings, confs, {
      ready: () => {
        this.#log.info({ worker: worker.pid }, 'worker ready')
        onReady?.()
        for (const socket of this.#unassigned.splice(0)) this.assign(socket)
      },
      register: (from, { request, message }) => {
        this.#registry.register(message).then(
          (token) => from.send({ kind: 'registered', request, token }),
          (error: Error) => from.send({ kind: 'registered', request, error: error.message }),
        )
      },
      exited: (gone, reason) => {
        this.#workers.delete(gone)
        if (onFailed && !gone.wasReady) onFailed(reason)
        else if (!gone.draining && !this.#stopping) this.#replace(gone, reason)
      },
    })
    this.#shared.serve(worker.channel)
    this.#workers.add(worker)
  }

  #replace(gone: WorkerHandle, reason: string): void {
    this.onCrash()
    if (Date.now() - gone.startedAt > STABLE_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS
    this.#log.error({ worker: gone.pid, reason, backoff_ms: this.#backoffMs }, 'worker is gone, replacing it')
    setTimeout(() => {
      if (!this.#stopping) void this.#spawn()
    }, this.#backoffMs)
    this.#backoffMs = Math.min(2 * this.#backoffMs, LAST_BACKOFF_MS)
  }
}
