import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface ServerSpec {
  /** For error messages and the log file. */
  name: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Also holds the logs. */
  dir: string
  /** True when the server answers. `log` is what this start has printed so far. */
  isReady(log: string): boolean | Promise<boolean>
  readyTimeoutMs: number
}

const cacheDir = fileURLToPath(new URL('../../../.cache/', import.meta.url))
const installScript = 'test/support/servers/install.sh'
const live = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of live) child.kill('SIGKILL')
})

/** A path in `.cache/`. Throws, naming the install script, when nothing is there. */
export function installed(path: string): string {
  const full = join(cacheDir, path)
  if (!existsSync(full)) throw new Error(`${path} is not installed: run ${installScript}`)
  return full
}

export function freshDir(name: string): string {
  return mkdtempSync(join(tmpdir(), `${name}-`))
}

/** A child server that can be killed and started again in place. It never outlives this process. */
export class ServerProcess {
  readonly #spec: ServerSpec
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #starts = 0

  constructor(spec: ServerSpec) {
    this.#spec = spec
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the server answers; rejects with the end of its log when it does not. */
  async start(): Promise<void> {
    const { name, dir, readyTimeoutMs, isReady } = this.#spec
    const log = join(dir, `${name}-${++this.#starts}.log`)
    const child = this.#spawn(log)
    const deadline = Date.now() + readyTimeoutMs
    while (!(await isReady(readFileSync(log, 'utf8')))) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        const end = child.exitCode ?? child.signalCode ?? `no answer after ${readyTimeoutMs} ms`
        await this.kill()
        throw new Error(`${name} did not start (${end}):\n${readFileSync(log, 'utf8').slice(-3000)}`)
      }
      await sleep(25)
    }
  }

  /** Ends it in an orderly way, or after 15 seconds by force. */
  async stop(): Promise<void> {
    const force = setTimeout(() => this.#child?.kill('SIGKILL'), 15_000)
    await this.#end('SIGTERM')
    clearTimeout(force)
  }

  /** SIGKILL: a crash. Data and port stay for the next start. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#spec.dir, { recursive: true, force: true, maxRetries: 5 })
  }

  /** A server that nobody stops must not keep the tests running, but one that is being stopped must. */
  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child?.ref()
    this.#child?.kill(signal)
    await this.#exited
  }

  #spawn(log: string): ChildProcess {
    const { command, args, env, dir } = this.#spec
    const out = openSync(log, 'a')
    // The kernel ends the child when this process dies, also by SIGKILL, when no exit handler runs.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      cwd: dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, out],
    })
    closeSync(out)
    child.unref()
    live.add(child)
    this.#child = child
    this.#exited = new Promise<void>((resolve) => {
      const gone = () => {
        live.delete(child)
        resolve()
      }
      child.once('exit', gone).once('error', gone)
    })
    return child
  }
}

export async function answersHttp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
  } catch {
    return false
  }
}

/** What `kill` and `restart` do on a server that was started by someone else. */
export function notOurs(variable: string): () => Promise<never> {
  return () => Promise.reject(new Error(`this server comes from ${variable} and is not ours to stop`))
}
