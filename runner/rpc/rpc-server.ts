import type { Socket } from 'node:net'
import type { Answerer } from './answer.ts'
import type { ConfStore } from './conf-store.ts'
import { Session } from './session.ts'

/** All connections of one process. */
export class RpcServer {
  readonly #answerer: Answerer
  readonly #sessions = new Set<Session>()
  readonly #expiry: NodeJS.Timeout
  #draining = false
  #onDrained: (() => void) | undefined

  constructor(answerer: Answerer, confs: ConfStore, confIdleMs: number) {
    this.#answerer = answerer
    this.#expiry = setInterval(() => confs.expire(confIdleMs), Math.min(confIdleMs, 60_000))
    this.#expiry.unref()
  }

  get connections(): number {
    return this.#sessions.size
  }

  accept(socket: Socket, onClosed?: () => void): void {
    if (this.#draining) {
      socket.destroy()
      return
    }
    const session = new Session(socket, this.#answerer, () => {
      this.#sessions.delete(session)
      onClosed?.()
      if (this.#draining && this.#sessions.size === 0) this.#onDrained?.()
    })
    this.#sessions.add(session)
    socket.resume()
  }

  /** Idle connections close at once, busy ones after their reply, all after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true
    clearInterval(this.#expiry)
    if (this.#sessions.size === 0) return
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve
    })
    for (const session of this.#sessions) session.end()
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy()
    }, deadlineMs)
    await drained
    clearTimeout(timer)
  }
}
