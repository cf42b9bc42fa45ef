/**
 * Calls per second of the runner beside a bare socket echo of the same bytes with the same round trips, in one run:
 * `npm run bench:rpc`. Server and client are processes of their own. `calls/cpu-s` is per second of the server's CPU
 * time: what one core does, also on a machine that is shared. BENCH_SECONDS sets the length of each measurement. No body
 * comes twice: `four plugins` has one long new message in each call, `four, chat` a conversation with a short new one.
 *
 * BENCH_OTHERS measures runners that somebody else has started, beside ours in the same run, with a plugin of theirs that
 * does nothing and one that asks for the body: `[{"name": "go", "socket": "/tmp/go.sock", "pid": 17, "noop": "noop",
 * "body": "read-body"}]`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Exchange, exchangeOf, type LoadResult, type Peer, runLoad } from './rpc/load.ts'
import { type Measured, runningServer, ServerProcess } from './rpc/server-process.ts'
import { conversations, fourPlugins, prepare, prompts } from './rpc/workload.ts'

const MS = 1000 * Number(process.env.BENCH_SECONDS ?? 3)
/** Calls before the first measurement of a case: compiled code is what is measured. */
const WARM_UP_CALLS = Number(process.env.BENCH_WARM_UP_CALLS ?? 20_000)
const CONNECTIONS = (process.env.BENCH_CONNECTIONS ?? '1,16,64').split(',').map(Number)

interface Case {
  readonly name: string
  readonly peer: Peer
  readonly server: Measured
  readonly socketPath: string
  readonly exchanges: readonly Exchange[]
  /** Name of the case that it is compared with. */
  readonly baseline?: string
}

/** A runner of somebody else that listens already; `noop` and `body` are names of its plugins. */
interface Other {
  readonly name: string
  readonly socket: string
  readonly pid: number
  readonly noop: string
  readonly body: string
}

const dir = await mkdtemp(join(tmpdir(), 'llm-bench-'))
const echoPath = join(dir, 'echo.sock')
const runnerPath = join(dir, 'runner.sock')
const echo = await ServerProcess.echo(echoPath)
const runner = await ServerProcess.runner(runnerPath)
const bodies = prompts(997)
const withConf = async (conf: Parameters<typeof prepare>[1], its = bodies, path = runnerPath) => {
  const token = await prepare(path, conf)
  return its.map((body, i) => exchangeOf(token, i, body))
}
const atEcho = { server: echo, socketPath: echoPath }
const atRunner = { server: runner, socketPath: runnerPath, peer: { kind: 'runner' } as const }
const bare = bodies.map((body, i) => exchangeOf(1_000_000, i, body))
const others: Other[] = JSON.parse(process.env.BENCH_OTHERS ?? '[]')
const wanted = process.env.BENCH_CASES?.split(',')
const othersCases = others.map(async ({ name, socket, pid, noop, body }): Promise<Case[]> => {
  const at = { server: runningServer(pid), socketPath: socket, peer: { kind: 'runner' } as const }
  const chainOf = (plugin: string) => withConf([{ name: plugin, value: '{}' }], bodies, socket)
  return [
    { name: `${name}, noop`, ...at, exchanges: await chainOf(noop), baseline: 'echo' },
    { name: `${name} + body`, ...at, exchanges: await chainOf(body), baseline: 'echo + body' },
  ]
})
const cases: Case[] = [
  { name: 'echo', ...atEcho, peer: { kind: 'echo' as const, withBody: false }, exchanges: bare },
  { name: 'empty chain', ...atRunner, exchanges: await withConf([]), baseline: 'echo' },
  { name: 'echo + body', ...atEcho, peer: { kind: 'echo' as const, withBody: true }, exchanges: bare },
  {
    name: 'chain + body',
    ...atRunner,
    exchanges: await withConf([{ name: 'body-reader', value: '{}' }]),
    baseline: 'echo + body',
  },
  { name: 'four plugins', ...atRunner, exchanges: await withConf(fourPlugins()), baseline: 'echo + body' },
  {
    name: 'four, chat',
    ...atRunner,
    exchanges: await withConf(fourPlugins(), conversations(997)),
    baseline: 'echo + body',
  },
  ...(await Promise.all(othersCases)).flat(),
].filter(({ name }) => wanted?.includes(name) ?? true)

console.log(
  `body ${Buffer.byteLength(bodies[0] ?? '')} B, call frame ${bare[0]?.call.length} B, ${MS} ms each`,
)
console.log(row('case', 'conns', 'calls/s', 'p50 ms', 'p99 ms', 'calls/cpu-s', '% of echo', '% by cpu'))
for (const { socketPath, exchanges, peer } of cases) {
  await runLoad({ socketPath, connections: 16, exchanges, peer, until: { calls: WARM_UP_CALLS } })
}
for (const connections of CONNECTIONS) {
  const rates = new Map<string, { wall: number; cpu: number }>()
  for (const one of cases) {
    const { result, cpuSeconds } = await measure(one, connections, MS)
    const rate = { wall: result.calls / result.seconds, cpu: result.calls / cpuSeconds }
    rates.set(one.name, rate)
    const base = rates.get(one.baseline ?? '')
    console.log(
      row(
        one.name,
        connections,
        rate.wall.toFixed(0),
        result.p50.toFixed(3),
        result.p99.toFixed(3),
        rate.cpu.toFixed(0),
        base ? `${((100 * rate.wall) / base.wall).toFixed(0)}%` : '',
        base ? `${((100 * rate.cpu) / base.cpu).toFixed(0)}%` : '',
      ) + (result.refused > 0 ? ` (${result.refused} refused!)` : ''),
    )
  }
}
await Promise.all([echo.stop(), runner.stop()])
await rm(dir, { recursive: true, force: true })

async function measure(
  { server, socketPath, exchanges, peer }: Case,
  connections: number,
  ms: number,
): Promise<{ result: LoadResult; cpuSeconds: number }> {
  const before = server.cpuSeconds()
  const result = await runLoad({ socketPath, connections, exchanges, peer, until: { ms } })
  return { result, cpuSeconds: server.cpuSeconds() - before }
}

function row(...cells: (string | number)[]): string {
  return cells.map((cell, i) => (i === 0 ? String(cell).padEnd(16) : String(cell).padStart(11))).join('')
}
