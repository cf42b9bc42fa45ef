import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ECHO = fileURLToPath(new URL('./echo-server.ts', import.meta.url))
/** The built package, as it is deployed: a loader for TypeScript costs time in every call. */
const MAIN = fileURLToPath(new URL('../../../dist/runner/main.js', import.meta.url))
const BODY_READER = fileURLToPath(new URL('./body-reader.mjs', import.meta.url))
/** Linux counts CPU time in 1/100 s for user space, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100

/** A server under measurement. */
export interface Measured {
  /** CPU time of all its threads so far, where the system tells it. */
  cpuSeconds(): number
}

/** One that somebody else has started. */
export function runningServer(pid: number): Measured {
  return { cpuSeconds: () => cpuSecondsOf(pid) }
}

function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    return Number.NaN
  }
}

/** One that is started for the measurement, in a process of its own. */
export class ServerProcess implements Measured {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async echo(socketPath: string): Promise<ServerProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', ECHO, socketPath], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await new Promise((resolve) => child.once('message', resolve))
    return new ServerProcess(child)
  }

  /** `BENCH_NODE_ARGS`, such as `--cpu-prof`, go to its Node. */
  static async runner(
    socketPath: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const nodeArgs = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean)
    const child = spawn(process.execPath, [...nodeArgs, MAIN], {
      env: {
        PATH: process.env.PATH ?? '',
        LLM_RUNNER_LISTEN: socketPath,
        LLM_RUNNER_USAGE_PORT: '0',
        LLM_RUNNER_EXTRA_PLUGINS: JSON.stringify([BODY_READER]),
        OPENAI_API_KEY: 'bench-key',
        DASHSCOPE_API_KEY: 'bench-key',
        ANTHROPIC_API_KEY: 'bench-key',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the runner ended with ${code}`)))
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('"ready"')) resolve()
      })
    })
    return new ServerProcess(child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid)
  }

  /** Megabytes. */
  residentMb(): number {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))
    return Number(line?.[1] ?? Number.NaN) / 1024
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await gone
  }
}
