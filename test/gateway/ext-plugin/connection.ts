import { connect, type Socket } from 'node:net'
import { encodeFrame, type Frame, FrameReader } from './frame.ts'

/** How long the gateway waits for a runner; APISIX has these hard-coded (`sock:settimeouts`). */
export interface RunnerTimeouts {
  readonly connectMs: number
  readonly ioMs: number
}

/** The runner could not be reached, hung up, kept silent, or broke the protocol. */
class RunnerIoError extends Error {}

/** One connection to the runner. At most one call is in flight on it, so at most one reader waits. */
export class RunnerConnection {
  readonly #socket: Socket
  readonly #ioMs: number
  readonly #reader = new FrameReader()
  readonly #frames: Frame[] = []
  #waiting: { resolve(frame: Frame): void; reject(error: Error): void; timer: NodeJS.Timeout } | undefined
  #closed: Error | undefined
  onIdleEvent: (() => void) | undefined

  private constructor(socket: Socket, ioMs: number) {
    this.#socket = socket
    this.#ioMs = ioMs
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', (error) => this.#close(error))
    socket.on('close', () => this.#close(new RunnerIoError('closed')))
  }

  /** @throws RunnerIoError when the socket is missing, refuses, or takes longer than `connectMs`. */
  static open(path: string, timeouts: RunnerTimeouts): Promise<RunnerConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path })
      const fail = (why: string) => {
        clearTimeout(timer)
        socket.destroy()
        reject(new RunnerIoError(`failed to connect to the unix socket unix:${path}: ${why}`))
      }
      const timer = setTimeout(() => fail('timeout'), timeouts.connectMs)
      const onError = (error: Error) => fail(error.message)
      socket.once('error', onError)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('error', onError)
        resolve(new RunnerConnection(socket, timeouts.ioMs))
      })
    })
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  /** @throws RangeError when the payload does not fit a frame. */
  send(type: number, payload: Uint8Array): void {
    this.#socket.write(encodeFrame(type, payload))
  }

  /** The next frame. @throws RunnerIoError after `ioMs` of silence or when the runner hangs up. */
  receive(): Promise<Frame> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return Promise.resolve(frame)
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined
        reject(new RunnerIoError('timeout'))
      }, this.#ioMs)
      this.#waiting = { resolve, reject, timer }
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    for (const frame of this.#reader.push(bytes)) {
      const waiting = this.#waiting
      if (waiting === undefined) {
        this.#frames.push(frame)
        this.onIdleEvent?.()
        continue
      }
      this.#waiting = undefined
      clearTimeout(waiting.timer)
      waiting.resolve(frame)
    }
  }

  #close(error: Error): void {
    this.#closed ??= error instanceof RunnerIoError ? error : new RunnerIoError(error.message)
    this.onIdleEvent?.()
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    clearTimeout(waiting.timer)
    waiting.reject(this.#closed)
  }
}
