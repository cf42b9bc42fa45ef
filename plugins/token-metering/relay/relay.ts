import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../../runner/plugin.ts'
import type { Outbox, Sink } from './outbox.ts'

export interface RelayOptions {
  readonly batch: number
  readonly pollMs: number
  readonly maxBackoffMs: number
}

export interface RelayReport {
  sent(records: number): void
  failed(): void
}

/**
 * Moves records from an outbox to a sink: send, then mark as done. A crash in between sends a batch twice, never not at
 * all; whoever reads the sink knows records by their id.
 */
export class Relay {
  readonly #outbox: Outbox
  readonly #sink: Sink
  readonly #options: RelayOptions
  readonly #report: RelayReport
  readonly #log: Log
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(outbox: Outbox, sink: Sink, options: RelayOptions, report: RelayReport, log: Log) {
    this.#outbox = outbox
    this.#sink = sink
    this.#options = options
    this.#report = report
    this.#log = log
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Finishes the batch under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#outbox.close()
  }

  async #run(): Promise<void> {
    const { pollMs, maxBackoffMs } = this.#options
    let failures = 0
    while (!this.#stopping.signal.aborted) {
      try {
        const moved = await this.#moveBatch()
        if (failures > 0)
          this.#log.info({ sink: this.#sink.name, outbox: this.#outbox.name }, 'relay goes on')
        failures = 0
        if (moved === 0) await this.#pause(pollMs)
      } catch (err) {
        failures++
        this.#report.failed()
        if (failures === 1) {
          this.#log.error({ err, sink: this.#sink.name, outbox: this.#outbox.name }, 'relay is held up')
        }
        await this.#pause(Math.min(maxBackoffMs, 100 * 2 ** Math.min(failures, 10)))
      }
    }
  }

  async #moveBatch(): Promise<number> {
    const batch = await this.#outbox.take(this.#options.batch)
    if (!batch) return 0
    if (batch.records.length > 0) await this.#sink.send(batch.records)
    await batch.done()
    this.#report.sent(batch.records.length)
    return batch.records.length
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {})
  }
}
