import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface RunnerOptions {
  readonly socketPath: string
  readonly usagePort: number
  readonly workers?: number
  readonly env?: Readonly<Record<string, string>>
  /** Default: runner/main.ts from source. */
  readonly main?: string
}

const MAIN = fileURLToPath(new URL('../../runner/main.ts', import.meta.url))
const START_DEADLINE_MS = 120_000

/** The runner as a process of its own, as it is deployed, so that tests can kill it. */
export class RunnerProcess {
  readonly #options: RunnerOptions
  #process: ChildProcess | undefined
  readonly lines: Record<string, unknown>[] = []

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  async start(): Promise<void> {
    const { socketPath, usagePort, workers = 0, env = {}, main = MAIN } = this.#options
    const child = spawn(process.execPath, main.endsWith('.ts') ? ['--import', 'tsx', main] : [main], {
      env: {
        PATH: process.env.PATH ?? '',
        LLM_RUNNER_LISTEN: socketPath,
        LLM_RUNNER_USAGE_PORT: String(usagePort),
        LLM_RUNNER_WORKERS: String(workers),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let errors = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        reject(new Error(`the runner did not get ready\n${errors}`))
      }, START_DEADLINE_MS)
      child.once('exit', (code) => {
        clearTimeout(timer)
        reject(new Error(`the runner ended with ${code}\n${errors}`))
      })
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const entry = parseLine(line)
        this.lines.push(entry)
        if (entry.msg === 'ready') {
          clearTimeout(timer)
          resolve()
        }
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** @returns the exit code, or the signal that ended it. */
  async ended(): Promise<number | string | null> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return child?.exitCode ?? child?.signalCode ?? null
    }
    const [code, signal] = await once(child, 'exit')
    return code ?? signal
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended()
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM')
    await this.ended()
  }
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return { msg: line }
  }
}
