export interface BatchQueueOptions<T> {
  /** One more pushes the oldest out. */
  readonly maxWaiting: number
  readonly maxBatch: number
  /** Settles when the batch is safe; what it rejects is tried again. */
  deliver(batch: readonly T[]): Promise<void>
  dropped(count: number): void
  /** The first failure of a row. */
  failed(error: unknown): void
  readonly pauseMs?: number
}

const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 10_000

/** Takes items at once and brings them away in the background, in order; bounded, so what it loses is counted. */
export class BatchQueue<T> {
  readonly #options: BatchQueueOptions<T>
  #waiting: T[] = []
  #running: Promise<void> | undefined
  #failures = 0
  #closing = false
  #wake: (() => void) | undefined

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length
  }

  push(item: T): void {
    this.#waiting.push(item)
    this.#trim()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Settles when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Tries what waits once more, for at most `withinMs`; the rest is dropped. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true
    this.#wake?.()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
    })
    await Promise.race([this.idle(), late])
    clearTimeout(timer)
    if (this.#waiting.length > 0) this.#options.dropped(this.#waiting.splice(0).length)
  }

  async #run(): Promise<void> {
    // Everything of this turn of the event loop becomes one batch.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.maxBatch)
      try {
        await this.#options.deliver(batch)
        this.#failures = 0
      } catch (error) {
        this.#waiting.unshift(...batch)
        this.#trim()
        if (this.#failures === 0) this.#options.failed(error)
        this.#failures++
        if (this.#closing) return
        await this.#pause()
      }
    }
  }

  #trim(): void {
    const excess = this.#waiting.length - this.#options.maxWaiting
    if (excess <= 0) return
    this.#waiting.splice(0, excess)
    this.#options.dropped(excess)
  }

  async #pause(): Promise<void> {
    const first = this.#options.pauseMs ?? FIRST_PAUSE_MS
    const ms = Math.min(MAX_PAUSE_MS, first * 2 ** Math.min(this.#failures - 1, 10))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}
