import type { LogEntry } from './log-entry.ts'

/** Conf of apisix/utils/batch-processor.lua; times in seconds. */
export interface BatchConf {
  readonly batch_max_size: number
  readonly inactive_timeout: number
  readonly buffer_duration: number
  readonly max_retry_count: number
  readonly retry_delay: number
}

interface Batch {
  readonly entries: LogEntry[]
  retryCount: number
}

export type Deliver = (entries: readonly LogEntry[]) => Promise<void>

/** Collects entries and hands them on when full, when idle, or when old; a failed batch is retried, then lost. */
export class BatchProcessor {
  readonly #conf: BatchConf
  readonly #deliver: Deliver
  readonly #logError: (line: string) => void
  readonly #inFlight = new Set<Promise<void>>()
  #buffer: LogEntry[] = []
  #firstMs = 0
  #lastMs = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(conf: BatchConf, deliver: Deliver, logError: (line: string) => void) {
    this.#conf = conf
    this.#deliver = deliver
    this.#logError = logError
  }

  /** Entries that have not been delivered or given up yet. */
  get pending(): number {
    return this.#buffer.length + this.#inFlight.size
  }

  push(entry: LogEntry): void {
    if (this.#conf.batch_max_size === 1) {
      this.#start({ entries: [entry], retryCount: 0 })
      return
    }
    this.#buffer.push(entry)
    this.#lastMs = Date.now()
    if (this.#buffer.length === 1) this.#firstMs = this.#lastMs
    if (this.#buffer.length >= this.#conf.batch_max_size) this.#flush()
    if (this.#timer === undefined) this.#arm()
  }

  /** Sends what is buffered now and waits until every batch is delivered or given up. */
  async drain(): Promise<void> {
    this.#flush()
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#onTimer(), this.#conf.inactive_timeout * 1000)
    this.#timer.unref()
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = Date.now()
    const isDue =
      now - this.#lastMs >= this.#conf.inactive_timeout * 1000 ||
      now - this.#firstMs >= this.#conf.buffer_duration * 1000
    if (isDue) this.#flush()
    else this.#arm()
  }

  #flush(): void {
    if (this.#buffer.length === 0) return
    const entries = this.#buffer
    this.#buffer = []
    this.#start({ entries, retryCount: 0 })
  }

  #start(batch: Batch): void {
    const run = this.#run(batch).finally(() => this.#inFlight.delete(run))
    this.#inFlight.add(run)
  }

  async #run(batch: Batch): Promise<void> {
    for (;;) {
      try {
        await this.#deliver(batch.entries)
        return
      } catch (error) {
        this.#logError(`Batch Processor failed to process entries: ${String(error)}`)
      }
      batch.retryCount += 1
      if (batch.retryCount > this.#conf.max_retry_count || this.#closed) {
        this.#logError(
          `Batch Processor exceeded the max_retry_count[${batch.retryCount}] dropping the entries`,
        )
        return
      }
      await new Promise((resolve) => setTimeout(resolve, this.#conf.retry_delay * 1000).unref())
    }
  }
}
