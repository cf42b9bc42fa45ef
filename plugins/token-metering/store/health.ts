import { type Log, within } from '../../../runner/plugin.ts'

export interface HealthOptions {
  /** Settles when the server takes writes again. */
  readonly probe: () => Promise<unknown>
  readonly probeEveryMs: number
  readonly log: Log
  readonly onChange?: (isUp: boolean) => void
}

/** Consecutive late answers that count as away; a refused or broken connection counts at once. */
const LATE_ANSWERS = 3

/** Whether a server is worth asking: after failures nobody waits for it but a probe in the background. */
export class Health {
  readonly #options: HealthOptions
  #isUp = true
  #late = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: HealthOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#isUp
  }

  succeeded(): void {
    this.#late = 0
  }

  failed(error: unknown): void {
    this.#late++
    if (!this.#isUp || (error instanceof DeadlineError && this.#late < LATE_ANSWERS)) return
    this.#isUp = false
    this.#options.log.error({ err: error }, 'usage store is away')
    this.#options.onChange?.(false)
    this.#probeLater()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #probeLater(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#probe(), this.#options.probeEveryMs)
    this.#timer.unref()
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe()
    } catch {
      this.#probeLater()
      return
    }
    this.#late = 0
    this.#isUp = true
    this.#options.log.info({}, 'usage store is back')
    this.#options.onChange?.(true)
  }
}

export class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/** @throws DeadlineError when `work` takes longer; its late result is dropped. */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  return within(work, ms, () => new DeadlineError(ms))
}
