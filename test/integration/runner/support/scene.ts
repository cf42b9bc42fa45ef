import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../support/free-port.ts'
import { Peer } from '../../../support/peer.ts'
import { RunnerProcess } from '../../../support/runner-process.ts'

const PLUGIN_API = new URL('../../../../runner/plugin.ts', import.meta.url).href

/**
 * A plugin of a user's own, in a folder of its own: it knows the package by the address of its plugin API only. Its
 * conf says what it does; `count` is one number for all workers.
 */
const USER_PLUGIN = `
import { existsSync, rmSync } from 'node:fs'
import { PASS, definePlugin } from ${JSON.stringify(PLUGIN_API)}

const properties = {
  stop: { type: 'string' },
  mark: { type: 'string' },
  delay_ms: { type: 'integer', default: 0 },
  count: { type: 'boolean', default: false },
}
const settings = { type: 'object', properties: { flags: { type: 'string', default: '/nowhere' } }, additionalProperties: false }
const kill = (file) => {
  if (!existsSync(file)) return
  rmSync(file)
  process.kill(process.pid, 'SIGKILL')
}

export default definePlugin({
  name: 'mine',
  description: 'A plugin of a user',
  conf: { type: 'object', properties, additionalProperties: false },
  settings,
  needs: { body: 'json' },
  onFailure: 'deny',
  open: async ({ flags }, services) => {
    let count = 0
    return { flags, counter: await services.share('counter', () => ({ next: async () => ++count })) }
  },
  prepare: (conf, shared) => ({ conf, shared }),
  decide: async (_request, { conf, shared }) => {
    if (conf.delay_ms > 0) await new Promise((resolve) => setTimeout(resolve, conf.delay_ms))
    const number = conf.count ? await shared.counter.next() : undefined
    if (conf.stop) return { kind: 'stop', status: 403, body: JSON.stringify({ stop: conf.stop, pid: process.pid, number }) }
    if (conf.mark) return { kind: 'rewrite', patch: { headers: { 'x-mark': conf.mark } } }
    return PASS
  },
  enrich: (_seen, { flags }) => {
    kill(flags + '/before-commit')
    return {}
  },
  observe: (_seen, { flags }) => kill(flags + '/after-commit'),
})
`

export interface Scene {
  readonly dir: string
  readonly socketPath: string
  readonly usageUrl: string
  readonly runner: RunnerProcess
  /** Another runner with the same settings, not started. */
  another(): RunnerProcess
  peer(): Promise<Peer>
  metric(name: string): Promise<string>
  /** Of the worker processes that got ready, in order. */
  workerPids(): number[]
  close(): Promise<void>
}

/** A runner process with the user's plugin, not started yet. */
export async function makeScene(
  options: { workers?: number; env?: Readonly<Record<string, string>>; keepsData?: boolean } = {},
): Promise<Scene> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-runner-'))
  await writeFile(join(dir, 'mine.mjs'), USER_PLUGIN)
  await writeFile(
    join(dir, 'runner.yaml'),
    `extra_plugins: [./mine.mjs]\nplugins: { mine: { flags: ${dir} } }\n`,
  )
  const socketPath = join(dir, 'runner.sock')
  const usagePort = await freePort()
  const make = () =>
    new RunnerProcess({
      socketPath,
      usagePort,
      workers: options.workers ?? 0,
      env: {
        LLM_RUNNER_SETTINGS: join(dir, 'runner.yaml'),
        ...(options.keepsData ? { LLM_RUNNER_DATA_DIR: join(dir, 'data') } : {}),
        ...options.env,
      },
    })
  const runner = make()
  const peers: Peer[] = []
  const usageUrl = `http://127.0.0.1:${usagePort}`
  return {
    dir,
    socketPath,
    usageUrl,
    runner,
    another: make,
    peer: async () => {
      const peer = await Peer.connect(socketPath)
      peers.push(peer)
      return peer
    },
    metric: async (name) => {
      const page = await (await fetch(`${usageUrl}/metrics`)).text()
      return page
        .split('\n')
        .filter((line) => line.startsWith(name))
        .join('\n')
    },
    workerPids: () =>
      runner.lines.filter(({ msg }) => msg === 'worker ready').map(({ worker }) => Number(worker)),
    close: async () => {
      for (const peer of peers) peer.close()
      await runner.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export const CHAT = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
