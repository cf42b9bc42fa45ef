import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/free-port.ts'
import type { LoadJob, LoadReport } from './load.ts'

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The load generator in a process of its own: what it costs is not measured as the gateway's. */
export class LoadProcess {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(): Promise<LoadProcess> {
    const child = spawn(process.execPath, ['--import', 'tsx', fileOf('./load.ts')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    return new LoadProcess(child)
  }

  async run(job: LoadJob): Promise<LoadReport> {
    const answer = once(this.#child, 'message')
    this.#child.send(job)
    return (await answer)[0] as LoadReport
  }

  stop(): void {
    this.#child.kill()
  }
}

/** Our gateway as a process of its own, found by a stack as it finds a real APISIX: by the E2E_ variables. */
export async function startGatewayProcess(runnerSocket: string): Promise<ChildProcess> {
  const [port, fallback, admin, control] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const args = [
    ...['--listen', `127.0.0.1:${port}`, '--listen', `127.0.0.1:${fallback}`, '--listen-tls', '127.0.0.1:0'],
    ...['--admin-port', `${admin}`, '--control-port', `${control}`, '--admin-key', 'bench'],
    ...['--runner-socket', runnerSocket, '--proxy-hide-header', 'X-Request-Id'],
  ]
  const child = spawn(process.execPath, ['--import', 'tsx', fileOf('../../gateway/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
  Object.assign(process.env, {
    E2E_GATEWAY_URL: `http://127.0.0.1:${port}`,
    E2E_ADMIN_URL: `http://127.0.0.1:${admin}`,
    E2E_ADMIN_KEY: 'bench',
    E2E_CONTROL_URL: `http://127.0.0.1:${control}`,
    E2E_RUNNER_SOCKET: runnerSocket,
    E2E_FALLBACK_PORT: String(fallback),
  })
  return child
}

/** Linux counts CPU time in 1/100 s for user space. */
const MS_PER_TICK = 10

/** CPU time of a process so far, all threads; 0 where the system does not tell. */
export function cpuMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return MS_PER_TICK * (Number(fields[11]) + Number(fields[12]))
  } catch {
    return 0
  }
}
