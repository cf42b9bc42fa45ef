import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { InstalledConf } from '../rpc/conf-store.ts'
import type { Channel } from '../services/share.ts'
import type { Settings } from '../settings/schema.ts'
import { channelOf, type ToSupervisor, type ToWorker } from './messages.ts'

const WORKER_MODULE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url),
)
const ANSWER_DEADLINE_MS = 2_000

export interface WorkerEvents {
  ready(worker: WorkerHandle): void
  register(worker: WorkerHandle, message: Extract<ToSupervisor, { kind: 'register' }>): void
  exited(worker: WorkerHandle, reason: string): void
}

/** The supervisor's view of one worker process. */
export class WorkerHandle {
  readonly channel: Channel
  readonly startedAt = Date.now()
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (answer: ToSupervisor | undefined) => void>()
  /** Written to the worker's channel, or waiting there for their turn: this process still holds them open. */
  readonly #handedOver = new Set<Socket>()
  #requests = 0
  #failure: string | undefined
  connections = 0
  ready = false
  wasReady = false
  draining = false

  constructor(settings: Settings, confs: readonly InstalledConf[], events: WorkerEvents) {
    this.#process = fork(WORKER_MODULE, { serialization: 'advanced' })
    this.channel = channelOf(this.#process)
    this.#process.on('message', (message: ToSupervisor) => this.#take(message, events))
    this.#process.on('exit', (code, signal) => {
      this.ready = false
      for (const settle of this.#waiting.values()) settle(undefined)
      this.#waiting.clear()
      // Their peers would wait for an answer that nobody is left to give.
      for (const socket of this.#handedOver) this.#release(socket)
      events.exited(this, this.#failure ?? signal ?? `exit code ${code}`)
    })
    this.send({ kind: 'start', settings, confs })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  send(message: ToWorker): void {
    this.channel.send(message)
  }

  /**
   * `keepOpen`, because Node closes a socket it sends only when the worker acknowledges it: a worker that is killed
   * before that would leave a connection that nobody reads and nobody closes.
   * @returns false when the connection could not be handed over and is still the caller's.
   */
  handOver(socket: Socket): boolean {
    if (!this.#process.connected) return false
    this.connections++
    this.#handedOver.add(socket)
    this.#process.send({ kind: 'connection' } satisfies ToWorker, socket, { keepOpen: true }, (error) => {
      if (error) this.connections--
      this.#release(socket)
    })
    return true
  }

  /** Closes this process's side; the worker's goes on, and a peer without one sees its connection end. */
  #release(socket: Socket): void {
    this.#handedOver.delete(socket)
    socket.destroy()
  }

  /**
   * Settles when the worker has the conf, or will never need it because it is gone. One that is not ready yet is not
   * waited for: it reads this message before any connection that it is given later.
   */
  async install(conf: InstalledConf): Promise<void> {
    const installed = this.#request((request) => ({ kind: 'install', request, conf }))
    if (this.ready) await installed
  }

  async collectMetrics(): Promise<object[]> {
    if (!this.ready) return []
    const answer = await this.#request((request) => ({ kind: 'collect-metrics', request }))
    return answer?.kind === 'metrics' ? answer.metrics : []
  }

  async drain(deadlineMs: number): Promise<void> {
    this.draining = true
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = new Promise((resolve) => this.#process.once('exit', resolve))
    this.send({ kind: 'drain', deadlineMs })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), deadlineMs + 500)
    await exited
    clearTimeout(timer)
  }

  #request(message: (request: number) => ToWorker): Promise<ToSupervisor | undefined> {
    if (!this.#process.connected) return Promise.resolve(undefined)
    const request = ++this.#requests
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(request)
        resolve(undefined)
      }, ANSWER_DEADLINE_MS)
      this.#waiting.set(request, (answer) => {
        clearTimeout(timer)
        this.#waiting.delete(request)
        resolve(answer)
      })
      this.send(message(request))
    })
  }

  #take(message: ToSupervisor, events: WorkerEvents): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true
        this.wasReady = true
        events.ready(this)
        break
      case 'failed':
        this.#failure = message.message
        break
      case 'connection-closed':
        this.connections--
        break
      case 'register':
        events.register(this, message)
        break
      case 'installed':
      case 'metrics':
        this.#waiting.get(message.request)?.(message)
        break
      default:
        break
    }
  }
}
