export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number
  /** How long it stays open; doubled by every probe that fails, up to a minute. */
  readonly openMs: number
  /** Milliseconds of a steady clock. */
  readonly now: () => number
}

const MAX_OPEN_MS = 60_000

/** Spares a service that is down, and the requests that would wait for it: one probe at a time once the pause is over. */
export class Breaker {
  readonly #options: BreakerOptions
  #failed = 0
  #openMs = 0
  #openUntil = 0
  #probing = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Whether a call may go out. One that may must be followed by `ok`, `fail` or `leave`. */
  take(): boolean {
    if (this.#failed < this.#options.failures) return true
    if (this.#probing || this.#options.now() < this.#openUntil) return false
    this.#probing = true
    return true
  }

  ok(): void {
    this.#failed = 0
    this.#openMs = 0
    this.#probing = false
  }

  fail(): void {
    const wasProbe = this.#probing
    this.#probing = false
    this.#failed++
    // Late failures of calls from before it opened must not stretch the pause.
    if (this.#failed < this.#options.failures || (this.#failed > this.#options.failures && !wasProbe)) return
    this.#openMs = Math.min(this.#openMs === 0 ? this.#options.openMs : this.#openMs * 2, MAX_OPEN_MS)
    this.#openUntil = this.#options.now() + this.#openMs
  }

  /** The call ended without saying anything about the service: its caller left. */
  leave(): void {
    this.#probing = false
  }
}
