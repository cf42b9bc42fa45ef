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
  /** Of all observers together. */
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
    const laneReport: LaneReport = {
      failed: (plugin) => report.failed(plugin),
      dropped: (count) => report.dropped(count),
      waiting: () => report.waiting(this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)),
    }
    this.#lanes = observers.map((observer) => new Lane(observer, options, laneReport, log))
  }

  push(observations: readonly Observation[]): void {
    for (const lane of this.#lanes) lane.push(observations)
  }

  /** Settles when every lane is empty. */
  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()))
  }
}

interface LaneReport {
  failed(plugin: string): void
  dropped(count: number): void
  /** Its number has changed. */
  waiting(): void
}

class Lane {
  readonly #observer: Observer
  readonly #deadlineMs: number
  readonly #maxWaiting: number
  readonly #report: LaneReport
  readonly #log: Log
  #waiting: Observation[] = []
  #running: Promise<void> | undefined

  constructor(
    observer: Observer,
    options: { deadlineMs: number; maxWaiting: number },
    report: LaneReport,
    log: Log,
  ) {
    this.#observer = observer
    this.#deadlineMs = options.deadlineMs
    this.#maxWaiting = options.maxWaiting
    this.#report = report
    this.#log = log
  }

  get waiting(): number {
    return this.#waiting.length
  }

  push(observations: readonly Observation[]): void {
    this.#waiting = this.#waiting.concat(observations)
    const excess = this.#waiting.length - this.#maxWaiting
    if (excess > 0) {
      this.#waiting = this.#waiting.slice(excess)
      this.#report.dropped(excess)
    }
    this.#report.waiting()
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
      this.#report.waiting()
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
