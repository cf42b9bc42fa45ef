import { RunnerError } from '../errors.ts'
import type { Services, Shareable } from './index.ts'

/**
 * One object for all worker processes. It lives in the supervisor, where the usage flow is; workers call it over the
 * IPC channel that Node gives parent and child. Method calls only: arguments and results are cloned.
 */
interface CallMessage {
  readonly kind: 'share-call'
  readonly call: number
  readonly name: string
  readonly method: string
  readonly args: readonly unknown[]
}
interface ResultMessage {
  readonly kind: 'share-result'
  readonly call: number
  readonly result?: unknown
  readonly error?: string
}

/** The process's end of an IPC channel. */
export interface Channel {
  send(message: object): void
  onMessage(listener: (message: unknown) => void): void
}

type AsyncMethods = Record<string, ((...args: readonly unknown[]) => Promise<unknown>) | undefined>

export class SharedObjects {
  readonly #objects = new Map<string, Promise<AsyncMethods>>()

  readonly share: Services['share'] = (name, create) => {
    let object = this.#objects.get(name)
    if (!object) {
      object = Promise.resolve(create()) as Promise<unknown> as Promise<AsyncMethods>
      this.#objects.set(name, object)
    }
    return object as Promise<never>
  }

  /** Answers the calls of one worker. */
  serve(channel: Channel): void {
    channel.onMessage((message) => {
      if (isKind<CallMessage>(message, 'share-call')) void this.#answer(message, channel)
    })
  }

  async #answer({ call, name, method, args }: CallMessage, channel: Channel): Promise<void> {
    const answer: ResultMessage = { kind: 'share-result', call }
    try {
      const object = await this.#objects.get(name)
      // Members of Object.prototype are nobody's methods.
      if (!object?.[method] || method in Object.prototype) throw new Error(`there is no ${name}.${method}`)
      channel.send({ ...answer, result: await object[method](...args) })
    } catch (error) {
      channel.send({ ...answer, error: error instanceof Error ? error.message : String(error) })
    }
  }
}

/** `share` for a worker: a proxy whose every method is a call to the supervisor. */
export function remoteShare(channel: Channel, deadlineMs: number): Services['share'] {
  const open = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void; timer: NodeJS.Timeout }
  >()
  let calls = 0
  channel.onMessage((message) => {
    if (!isKind<ResultMessage>(message, 'share-result')) return
    const waiting = open.get(message.call)
    if (!waiting) return
    open.delete(message.call)
    clearTimeout(waiting.timer)
    if (message.error === undefined) waiting.resolve(message.result)
    else waiting.reject(new Error(message.error))
  })
  const invoke = (name: string, method: string, args: readonly unknown[]) =>
    new Promise((resolve, reject) => {
      const call = ++calls
      const timer = setTimeout(() => {
        open.delete(call)
        reject(new RunnerError('STORE_UNAVAILABLE', `${name}.${method} took longer than ${deadlineMs} ms`))
      }, deadlineMs)
      open.set(call, { resolve, reject, timer })
      channel.send({ kind: 'share-call', call, name, method, args } satisfies CallMessage)
    })
  return async <T extends Shareable<T>>(name: string) =>
    new Proxy({} as T, {
      get: (_, method) =>
        // A proxy that answers to `then` would be taken for a promise.
        method === 'then' ? undefined : (...args: unknown[]) => invoke(name, String(method), args),
    })
}

function isKind<T extends { kind: string }>(message: unknown, kind: T['kind']): message is T {
  return typeof message === 'object' && message !== null && (message as { kind?: unknown }).kind === kind
}
