import { RunnerConnection, type RunnerTimeouts } from './connection.ts'

/** `sock:setkeepalive(180 * 1000, 32)` in ext-plugin/init.lua. */
const MAX_IDLE = 32
const IDLE_MS = 180_000

interface Idle {
  readonly connection: RunnerConnection
  readonly timer: NodeJS.Timeout
}

/** Connections to the runner between calls: the one used last is taken first, as cosocket pools do. */
export class RunnerPool {
  readonly #path: string
  readonly #timeouts: RunnerTimeouts
  readonly #idle: Idle[] = []
  #closed = false

  constructor(path: string, timeouts: RunnerTimeouts) {
    this.#path = path
    this.#timeouts = timeouts
  }

  /** A connection that nobody else uses: a new one unless one is idle. */
  acquire(): RunnerConnection | Promise<RunnerConnection> {
    const idle = this.#idle.pop()
    if (idle === undefined) return RunnerConnection.open(this.#path, this.#timeouts)
    clearTimeout(idle.timer)
    idle.connection.onIdleEvent = undefined
    return idle.connection
  }

  /** Puts a connection back after a complete call; above 32 idle ones the oldest is closed. */
  release(connection: RunnerConnection): void {
    if (this.#closed || !connection.isOpen) {
      connection.destroy()
      return
    }
    const timer = setTimeout(() => this.#drop(connection), IDLE_MS)
    timer.unref()
    connection.onIdleEvent = () => this.#drop(connection)
    this.#idle.push({ connection, timer })
    const oldest = this.#idle.length > MAX_IDLE ? this.#idle[0] : undefined
    if (oldest !== undefined) this.#drop(oldest.connection)
  }

  close(): void {
    this.#closed = true
    for (const { connection } of [...this.#idle]) this.#drop(connection)
  }

  #drop(connection: RunnerConnection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    const [idle] = at === -1 ? [] : this.#idle.splice(at, 1)
    if (idle !== undefined) clearTimeout(idle.timer)
    connection.destroy()
  }
}
