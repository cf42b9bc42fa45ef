import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { freePort } from '../support/free-port.ts'
import { Peer } from '../support/peer.ts'
import { RunnerProcess } from '../support/runner-process.ts'
import { startRedis } from '../support/servers/redis.ts'

/**
 * What metering costs: log entries a second through the receiver with Redis, on one core of the runner, against the
 * same posts with embedded counters; and what a quota check in Redis adds to a call, against an empty call.
 */
const { values: flags } = parseArgs({
  options: { entries: { type: 'string', default: '30000' }, calls: { type: 'string', default: '4000' } },
})
const BATCH = 100
const dir = await mkdtemp(join(tmpdir(), 'bench-metering-'))
const redis = await startRedis({})
const say = (text: string) => process.stdout.write(`${text}\n`)

const MAIN = fileURLToPath(new URL('../../dist/runner/main.js', import.meta.url))
const embedded = await startRunner('embedded', '')
const shared = await startRunner(
  'shared',
  `redis: { url: "${redis.url}" }\nkafka: { brokers: ["127.0.0.1:1"] }\n`,
)
try {
  await benchReceiver()
  await benchQuota()
} finally {
  await Promise.all([embedded.runner.kill(), shared.runner.kill()])
  await redis.stop()
  await rm(dir, { recursive: true, force: true })
}

async function startRunner(name: string, settings: string) {
  const file = join(dir, `${name}.yaml`)
  await writeFile(file, `${settings}log: { level: info }\ndata_dir: ${join(dir, name)}\n`)
  const socketPath = join(dir, `${name}.sock`)
  const usagePort = await freePort()
  const runner = new RunnerProcess({ socketPath, usagePort, main: MAIN, env: { LLM_RUNNER_SETTINGS: file } })
  // A busy machine may need a second try.
  await runner.start().catch(async () => {
    await runner.kill()
    await runner.start()
  })
  return { runner, socketPath, usageUrl: `http://127.0.0.1:${usagePort}/usage` }
}
type Runner = Awaited<ReturnType<typeof startRunner>>

async function benchReceiver(): Promise<void> {
  const entries = Number(flags.entries)
  await post(embedded, 3000, 'warm')
  await post(shared, 3000, 'warm')
  const base = await post(embedded, entries, 'run')
  const client = new Redis(redis.url)
  const serverBefore = await serverCpuMs(client)
  const real = await post(shared, entries, 'run')
  const serverMs = (await serverCpuMs(client)) - serverBefore
  say(`receiver, embedded counters and journal: ${describe(base)}`)
  say(`receiver, Redis with outbox:             ${describe(real)}`)
  say(`ratio of CPU time per entry, Redis to embedded: ${(real.cpuMs / base.cpuMs).toFixed(2)}`)
  say(`CPU time of the Redis server: ${((1000 * serverMs) / entries).toFixed(0)} µs an entry`)
  const counted = await client.xlen('usage_events')
  say(
    `events in the outbox: ${counted} of ${entries + 3000}; p99 of a post of ${BATCH}: ${real.p99.toFixed(1)} ms`,
  )
  client.disconnect()
}

interface Speed {
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly cpuMs: number
  readonly p99: number
}

function describe({ perSecond, perCpuSecond }: Speed): string {
  return `${Math.round(perSecond)} entries/s, ${Math.round(perCpuSecond)} entries per second of CPU time`
}

/** Four posts under way, as APISIX's workers send them. */
async function post(to: Runner, entries: number, run: string): Promise<Speed> {
  const bodies = Array.from({ length: Math.ceil(entries / BATCH) }, (_, batch) =>
    JSON.stringify(
      Array.from({ length: BATCH }, (_, i) => logEntry(`${run}-${batch}-${i}`, batch * BATCH + i)),
    ),
  )
  const took: number[] = []
  const cpuBefore = await cpuMs(to.runner.pid)
  const start = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next < bodies.length) {
        const body = bodies[next++]
        const at = performance.now()
        const response = await fetch(to.usageUrl, { method: 'POST', body: body ?? '' })
        if (!response.ok) throw new Error(`post: ${response.status}`)
        await response.arrayBuffer()
        took.push(performance.now() - at)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const cpu = (await cpuMs(to.runner.pid)) - cpuBefore
  return {
    perSecond: entries / seconds,
    perCpuSecond: (1000 * entries) / cpu,
    cpuMs: cpu,
    p99: quantile(took, 0.99),
  }
}

async function benchQuota(): Promise<void> {
  const calls = Number(flags.calls)
  const limits = {
    tokens_per_day: 1e12,
    tokens_per_minute: 1e11,
    requests_per_minute: 1e9,
    usd_per_day: '1000000',
  }
  const client = new Redis(redis.url)
  const peers = await Promise.all([Peer.connect(shared.socketPath), Peer.connect(embedded.socketPath)])
  const [toShared, toEmbedded] = peers
  const conf = { 'token-metering': { tiers: { basic: limits } } }
  const cases = [
    { name: 'empty call', runner: shared, peer: toShared, conf: {} },
    { name: 'metering, embedded', runner: embedded, peer: toEmbedded, conf },
    { name: 'metering, Redis', runner: shared, peer: toShared, conf },
  ].map((one) => ({ ...one, token: 0, took: [] as number[] }))
  for (const one of cases) one.token = await one.peer.prepare(one.conf, `route#${one.name}`)
  const body = JSON.stringify({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'Which of the two is the larger number, and why? '.repeat(8) }],
  })
  const call = async ({ peer, token }: (typeof cases)[number], i: number) => {
    const answer = await peer.call({ token, body, headers: { 'x-consumer-username': `unit_${i % 50}` } })
    if (answer.kind === 'stop' || answer.kind === 'error')
      throw new Error(`refused: ${JSON.stringify(answer)}`)
  }
  for (let i = 0; i < calls + 300; i++) {
    for (const one of cases) {
      const at = performance.now()
      await call(one, i)
      if (i >= 300) one.took.push(performance.now() - at)
    }
  }
  const cpu: number[] = []
  let serverMs = 0
  for (const one of cases) {
    const before = await cpuMs(one.runner.runner.pid)
    const serverBefore = await serverCpuMs(client)
    for (let i = 0; i < calls; i++) await call(one, i)
    cpu.push((1000 * ((await cpuMs(one.runner.runner.pid)) - before)) / calls)
    serverMs = (await serverCpuMs(client)) - serverBefore
  }
  const [empty] = cases
  for (const [n, { name, took }] of cases.entries()) {
    const added = (q: number) => (quantile(took, q) - quantile(empty?.took ?? [], q)).toFixed(3)
    const own = `p50 ${quantile(took, 0.5).toFixed(3)} ms, p99 ${quantile(took, 0.99).toFixed(3)} ms, ${cpu[n]?.toFixed(0)} µs of CPU`
    say(
      `${name}: ${own}${name === 'empty call' ? '' : `; added p50 ${added(0.5)} ms, p99 ${added(0.99)} ms`}`,
    )
  }
  say(`CPU time of the Redis server: ${((1000 * serverMs) / calls).toFixed(0)} µs a call`)
  for (const peer of peers) peer.close()
  client.disconnect()
}

function logEntry(id: string, n: number): object {
  const text = 'The quick answer is that it depends on what you measure and how often. '.repeat(6)
  return {
    request_id: id,
    time: String(Date.now() / 1000),
    route_id: 'llm',
    consumer: `unit_${n % 50}`,
    request_method: 'POST',
    uri: '/v1/chat/completions',
    status: '200',
    upstream_status: '200',
    upstream_header_time: '0.120',
    request_time: '0.850',
    request_completion: 'OK',
    request_body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] }),
    response_body: JSON.stringify({
      ...{ id: `chatcmpl-${n}`, object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' },
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 95, completion_tokens: 90, total_tokens: 185 },
    }),
    body_bytes_sent: '700',
    content_type: 'application/json',
    provider: 'openai',
  }
}

/** User and system time of a process, worker threads included; Linux counts in hundredths of a second. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** User and system time of the server's own thread. */
async function serverCpuMs(client: Redis): Promise<number> {
  const info = await client.info('cpu')
  const seconds = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1] ?? 0)
  return 1000 * (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread'))
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
