import type { RunnerError } from '../errors.ts'
import type { Call } from '../plugin.ts'

/** A signal that is only built when somebody asks: most decisions are synchronous and never do. */
export class LazySignal {
  #controller: AbortController | undefined
  #reason: RunnerError | undefined
  #listeners = new Set<(reason: RunnerError) => void>()

  get reason(): RunnerError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  onAbort(listener: (reason: RunnerError) => void): () => void {
    if (this.#reason) listener(this.#reason)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  abort(reason: RunnerError): void {
    if (this.#reason) return
    this.#reason = reason
    this.#controller?.abort(reason)
    for (const listener of this.#listeners) listener(reason)
    this.#listeners.clear()
  }
}

/** The `Call` of one step: ends with the step's deadline or with the call, whichever comes first. */
export class StepCall implements Call {
  readonly #callSignal: LazySignal
  #controller: AbortController | undefined
  #unlisten: (() => void) | undefined

  constructor(callSignal: LazySignal) {
    this.#callSignal = callSignal
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      this.onCallAborted(() => this.abort())
    }
    return this.#controller.signal
  }

  onCallAborted(listener: (reason: RunnerError) => void): void {
    const previous = this.#unlisten
    const unlisten = this.#callSignal.onAbort(listener)
    this.#unlisten = () => {
      previous?.()
      unlisten()
    }
  }

  abort(): void {
    this.#controller?.abort()
    this.detach()
  }

  detach(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
  }
}
