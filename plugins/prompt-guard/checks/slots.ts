import { CheckError } from './check.ts'

/** At most so many at once, and at most so many waiting; who waits may give up. */
export class Slots {
  #free: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []

  constructor(slots: number, maxWaiting: number) {
    this.#free = slots
    this.#maxWaiting = maxWaiting
  }

  /** @throws CheckError `busy` when too many wait, `timeout` when the signal aborts first. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#take(signal)
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #take(signal: AbortSignal): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--
      return undefined
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new CheckError('busy', 'too many calls wait')
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(new CheckError('timeout', 'no slot was free in time'))
      }
      this.#waiting.push(go)
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
