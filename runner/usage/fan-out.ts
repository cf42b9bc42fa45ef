import { toRunnerError } from '../errors.ts'
import type { Observation } from '../plugin.ts'
import type { Log } from '../services/index.ts'
import { within } from '../services/within.ts'

export interface Observer {
  readonly plugin: string
  observe(observation: Observation): void | Promise<void>
}

export interface FanOutReport {
  failed(plugin: string): void
  dropped(count: number): void
  waiting(count: number): void
}

/**
 * Hands committed events to the plugins' observers, behind APISIX's back: the post is already answered. Each observer
 * has its own queue, deadline and failure count, so a slow one holds nobody up. Past the bound the oldest
 * observations are dropped: their bill is safe, what is lost is a cache entry.
 */
export class FanOut {
  readonly #lanes: readonly Lane[]

  constructor(
    observers: readonly Observer[],
    options: { deadlineMs: number; maxWaiting: number },
    report: FanOutReport,
    log: Log,
  ) {
    this.#lanes = observers.map((observer) => new Lane(observer, options, report, log))
  }

  push(observations: readonly Observation[]): void {
    for (const lane of this.#lanes) lane.push(observations)
  }

  /** Settles when every lane is empty. */
  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()))
  }
}

class Lane {
  readonly #observer: Observer
  readonly #deadlineMs: number
  readonly #maxWaiting: number
  readonly #report: FanOutReport
  readonly #log: Log
  #waiting: Observation[] = []
  #running: Promise<void> | undefined

  constructor(
    observer: Observer,
    options: { deadlineMs: number; maxWaiting: number },
    report: FanOutReport,
    log: Log,
  ) {
    this.#observer = observer
    this.#deadlineMs = options.deadlineMs
    this.#maxWaiting = options.maxWaiting
    this.#report = report
    this.#log = log
  }

  push(observations: readonly Observation[]): void {
    this.#waiting = this.#waiting.concat(observations)
    const excess = this.#waiting.length - this.#maxWaiting
    if (excess > 0) {
      this.#waiting = this.#waiting.slice(excess)
      this.#report.dropped(excess)
    }
    this.#report.waiting(this.#waiting.length)
    if (this.#waiting.length > 0) this.#running ??= this.#run()
  }

  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      for (const observation of batch) await this.#observe(observation)
      this.#report.waiting(this.#waiting.length)
    }
    // In the same turn in which nothing was left: what is pushed later must find no run that has ended.
    this.#running = undefined
  }

  #late(): Error {
    return new Error(`took longer than ${this.#deadlineMs} ms`)
  }

  async #observe(observation: Observation): Promise<void> {
    try {
      const pending = this.#observer.observe(observation)
      if (pending instanceof Promise) await within(pending, this.#deadlineMs, () => this.#late())
    } catch (cause) {
      this.#report.failed(this.#observer.plugin)
      this.#log.error(
        {
          err: toRunnerError(cause, 'PLUGIN_FAILED', `observer of ${this.#observer.plugin}`),
          request_id: observation.event.request_id,
        },
        'observer failed',
      )
    }
  }
}
