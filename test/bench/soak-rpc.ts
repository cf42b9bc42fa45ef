/**
 * A million calls on 64 connections: `npm run soak:rpc`. Half of them with an empty chain, half with the question for
 * the body and a record of the request. Fails when the runner's memory at the end is over 110% of what it was after
 * the first 100,000. The number of records is bounded so that their memory is full by then. SOAK_CALLS shortens it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exchangeOf, runLoad } from './rpc/load.ts'
import { ServerProcess } from './rpc/server-process.ts'
import { prepare, prompts } from './rpc/workload.ts'

const CONNECTIONS = 64
const CALLS = Number(process.env.SOAK_CALLS ?? 1_000_000)
const REPORT_EVERY = CALLS / 10
const MAX_GROWTH = 0.1

const dir = await mkdtemp(join(tmpdir(), 'llm-soak-'))
const socketPath = join(dir, 'runner.sock')
const runner = await ServerProcess.runner(socketPath, { LLM_RUNNER_LIMITS_MAX_REQUEST_RECORDS: '20000' })
const empty = await prepare(socketPath, [])
const withBody = await prepare(socketPath, [{ name: 'body-reader', value: '{}' }])
const exchanges = prompts(256).map((body, i) => exchangeOf(i % 2 === 0 ? empty : withBody, i, body))

const resident: number[] = []
const result = await runLoad({
  socketPath,
  connections: CONNECTIONS,
  exchanges,
  peer: { kind: 'runner' },
  until: { calls: CALLS },
  onCall: (calls) => {
    if (calls % REPORT_EVERY !== 0) return
    resident.push(runner.residentMb())
    console.log(`${String(calls).padStart(9)} calls  ${resident.at(-1)?.toFixed(1)} MB`)
  },
})
const [first = 0] = resident
const last = resident.at(-1) ?? Number.POSITIVE_INFINITY
const growth = last / first - 1
console.log(
  `${result.calls} calls on ${CONNECTIONS} connections in ${result.seconds.toFixed(1)} s ` +
    `(${(result.calls / result.seconds).toFixed(0)}/s, p50 ${result.p50.toFixed(2)} ms, p99 ${result.p99.toFixed(2)} ms), ` +
    `${result.refused} refused; memory ${first.toFixed(1)} > ${last.toFixed(1)} MB (${(100 * growth).toFixed(1)}%)`,
)
await runner.stop()
await rm(dir, { recursive: true, force: true })
if (growth > MAX_GROWTH || result.refused > 0 || result.calls !== CALLS) process.exitCode = 1
