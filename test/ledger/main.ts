import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { stringify } from 'yaml'
import { parseMoney } from '../../plugins/token-metering/cost/money.ts'
import { clickHouseSink } from '../../plugins/token-metering/relay/sinks.ts'
import { UsageKeys } from '../../plugins/token-metering/store/redis/keys.ts'
import { joinMoney } from '../../plugins/token-metering/store/redis-usage-store.ts'
import type { JsonObject } from '../../runner/json.ts'
import { readTopic } from '../integration/metering/support.ts'
import { seededRandom } from '../provider/script.ts'
import { freePort } from '../support/free-port.ts'
import { RunnerProcess } from '../support/runner-process.ts'
import { startClickHouse } from '../support/servers/clickhouse.ts'
import { startKafka } from '../support/servers/kafka.ts'
import { startRedis } from '../support/servers/redis.ts'
import { statementsOf } from '../support/sql.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { Books, PRICE_OVERRIDES, scriptedReasoning } from './books.ts'
import { compareTotals, noTotals, reconcile, type Totals } from './reconcile.ts'
import { startRepeater } from './repeater.ts'
import { plan, send } from './traffic.ts'

/**
 * The proof of the books: traffic through gateway, runner and scripted providers while everything is killed and
 * restarted, then the providers' ledgers, Redis, Kafka and ClickHouse against each other, request by request.
 */
const { values: flags } = parseArgs({
  options: {
    requests: { type: 'string', default: process.env.LEDGER_REQUESTS ?? '20000' },
    seed: { type: 'string', default: process.env.LEDGER_SEED ?? String(Date.now() % 1_000_000) },
    parallel: { type: 'string', default: '24' },
    /** How many times as often things are killed. */
    chaos: { type: 'string', default: '1' },
  },
})
const requests = Number(flags.requests)
const seed = Number(flags.seed)
const TOPIC = 'llm-usage-events'
const say = (text: string) => process.stdout.write(`${text}\n`)
say(`ledger: ${requests} requests, --seed ${seed}`)

const random = seededRandom(seed)
const startedMs = Date.now()
const dir = await mkdtemp(join(tmpdir(), 'llm-ledger-'))
const [redisServer, kafka, clickhouse] = await Promise.all([
  startRedis({ appendonly: true }),
  startKafka({}),
  startClickHouse({}),
])
await kafka.createTopics([{ topic: TOPIC, partitions: 4 }, 'llm-usage-alerts'])
for (const file of ['1-events', '3-usage', '4-bills']) {
  for (const statement of statementsOf(`schemas/clickhouse/${file}.sql`)) await clickhouse.query(statement)
}

const settingsFile = join(dir, 'llm-runner.yaml')
await writeFile(
  settingsFile,
  stringify({
    redis: { url: redisServer.url, key_prefix: 'ledger:' },
    kafka: { brokers: kafka.brokers },
    plugins: { 'token-metering': { price_overrides: PRICE_OVERRIDES } },
  }),
)
const runnerEnv = { LLM_RUNNER_SETTINGS: settingsFile }
const stack = await startStack({ runnerEnv, change: withoutLimits })
const repeater = await startRepeater(`${stack.usageUrl}/usage`, seededRandom(seed + 1))
await sendLogsTo(stack, repeater.url)
const relay = new RunnerProcess({
  socketPath: join(dir, 'relay.sock'),
  usagePort: await freePort(),
  env: {
    ...runnerEnv,
    LLM_RUNNER_DATA_DIR: join(dir, 'relay-data'),
    OPENAI_API_KEY: 'x',
    DASHSCOPE_API_KEY: 'x',
    ANTHROPIC_API_KEY: 'x',
  },
})
await started(relay)
const books = new Books(Object.values(stack.providers))
const answeredIds = new Set<string>()
const sentKinds = new Map<string, number>()
let unanswered = 0

const chaos = schedule([
  [
    'SIGKILL runner',
    5,
    async () => {
      await stack.runner.kill()
      await started(stack.runner)
    },
  ],
  [
    'SIGKILL relay',
    4,
    async () => {
      await relay.kill()
      await started(relay)
    },
  ],
  [
    'SIGKILL redis',
    3,
    async () => {
      await redisServer.kill()
      await sleep(1000)
      await persistently(redisServer.restart, redisServer.kill)
    },
  ],
  [
    'SIGKILL kafka',
    2,
    async () => {
      await kafka.kill()
      await sleep(2000)
      await persistently(kafka.restart, kafka.kill)
    },
  ],
])
await drive()
await stack.gateway?.waitForIdle()
await Promise.all(Object.values(stack.providers).map((provider) => provider.ledger.settled()))
books.copy()
say(
  `traffic done after ${seconds()} s: ${answeredIds.size} answered by the runner, ${unanswered} not, ${books.calls} calls at the providers`,
)

const redis = new Redis(redisServer.url)
const reader = await readTopic(kafka.brokers, TOPIC)
await quiet()
const bills = books.byRequest(scriptedReasoning)
const findings = reconcile(reader.events, bills, answeredIds)
const days = new Set(reader.events.map(({ timestamp_ms: ms }) => new Date(ms).toISOString().slice(0, 10)))
const problems = [
  ...findings.problems,
  ...compareTotals('Redis', findings.byConsumer, await redisTotals()),
  ...compareTotals('ClickHouse', findings.byConsumer, await clickHouseTotals()),
]
for (const problem of problems.filter((text) => text.startsWith('lost'))) {
  const [, id = ''] = /^lost: (\S+)/.exec(problem) ?? []
  say(`${id} is ${(await redis.exists(`ledger:committed:${id}`)) === 1 ? '' : 'not '}counted in Redis`)
}
report()
await reader.close()
redis.disconnect()
await stack.close()
await relay.kill()
await repeater.close()
await Promise.all([redisServer.stop(), kafka.stop(), clickhouse.stop()])
await rm(dir, { recursive: true, force: true })
process.exit(problems.length === 0 ? 0 : 1)

/** A busy machine may need longer to start something than it is given. */
async function persistently(start: () => Promise<void>, stop: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      await stop()
      if (tries === 5) throw error
      say(`  start again: ${(error as Error).message.split('\n')[0]}`)
    }
  }
}

function started(runner: RunnerProcess): Promise<void> {
  return persistently(
    () => runner.start(),
    () => runner.kill(),
  )
}

async function drive(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const copying = setInterval(() => books.copy(), 500)
  let next = 0
  const worker = async () => {
    while (next < requests) {
      const number = next++
      await chaos.reached(number)
      const planned = plan(random, number)
      const { requestId } = await send(stack.gatewayUrl, stack.keyOf(planned.consumer), planned, agent)
      sentKinds.set(planned.kind, (sentKinds.get(planned.kind) ?? 0) + 1)
      if (requestId === undefined) {
        unanswered++
        // The runner is being restarted: do not burn the whole plan meanwhile.
        if (planned.kind !== 'unauthorized') await sleep(500)
      } else answeredIds.add(requestId)
      if (number % 2000 === 1999) say(`  ${number + 1} sent, ${seconds()} s`)
    }
  }
  await Promise.all(Array.from({ length: Number(flags.parallel) }, worker))
  clearInterval(copying)
  await chaos.settled()
  agent.destroy()
}

/** Waits until no event is under way: the spool and the outbox are empty and the topic stands still. */
async function quiet(): Promise<void> {
  const deadline = Date.now() + 180_000
  let seen = -1
  for (;;) {
    const waiting = await redis.xlen('ledger:usage_events')
    const spooled = await stack.metric('llm_usage_spool_events').catch(() => ' 1')
    if (waiting === 0 && / 0$/m.test(spooled) && reader.events.length === seen) return
    if (Date.now() > deadline) {
      say(`not quiet: ${waiting} events in the outbox, ${spooled}`)
      return
    }
    seen = reader.events.length
    await sleep(2000)
  }
}

async function redisTotals(): Promise<Map<string, Totals>> {
  const keys = new UsageKeys({ prefix: 'ledger:', cluster: false })
  const found = new Map<string, Totals>()
  for (const consumer of findings.byConsumer.keys()) {
    const totals = noTotals()
    for (const day of days) {
      const hash = await redis.hgetall(keys.usage(consumer, day))
      totals.requests += Number(hash.requests ?? 0)
      totals.prompt += Number(hash.prompt_t ?? 0)
      totals.completion += Number(hash.completion_t ?? 0)
      totals.picoUsd += joinMoney(hash.cost_usd, hash.cost_pico)
    }
    found.set(consumer, totals)
  }
  return found
}

/** What was read back goes in as Kafka's table engine would bring it: duplicates, then some of it again. */
async function clickHouseTotals(): Promise<Map<string, Totals>> {
  const options = {
    url: clickhouse.url,
    table: 'llm.usage_events_in',
    user: 'default',
    password: '',
    timeoutMs: 60_000,
  }
  const sink = clickHouseSink(options)
  const records = reader.events.map((event) => JSON.stringify(event))
  for (let at = 0; at < records.length; at += 5000) await sink.send(records.slice(at, at + 5000))
  await sink.send(records.slice(0, 5000))
  const text = await clickhouse.query(
    `SELECT consumer, sum(requests) AS n, sum(prompt_t) AS p, sum(completion_t) AS c, sum(spent_usd) AS usd
     FROM llm.usage_monthly GROUP BY consumer FORMAT JSONStringsEachRow`,
  )
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const { consumer = '', n, p, c, usd = '0' } = JSON.parse(line) as Record<string, string>
        const totals = {
          requests: Number(n),
          prompt: Number(p),
          completion: Number(c),
          picoUsd: parseMoney(usd),
        }
        return [consumer, totals] as const
      }),
  )
}

function report(): void {
  say(`kinds: ${[...sentKinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`)
  say(
    `events: ${findings.events}, ${findings.exact} exact, ${findings.estimated.length} estimated; on the wire twice: ${findings.duplicatesOnTheWire}; log posts repeated on purpose: ${repeater.repeated}`,
  )
  for (const [consumer, { requests: n, prompt, completion, picoUsd }] of findings.byConsumer) {
    say(`  ${consumer}: ${n} events, ${prompt} + ${completion} tokens, ${picoUsd} pico-USD`)
  }
  const groups = new Map<string, { count: number; billed: number; estimated: number; off: number }>()
  for (const { outcome, source, billed, estimated } of findings.estimated) {
    const name = `${outcome}, from ${source}`
    const group = groups.get(name) ?? { count: 0, billed: 0, estimated: 0, off: 0 }
    group.count++
    group.billed += billed
    group.estimated += estimated
    group.off += Math.abs(estimated - billed)
    groups.set(name, group)
  }
  for (const [name, { count, billed, estimated, off }] of groups) {
    say(
      `estimated (${name}): ${count} events, ${estimated} tokens for ${billed} billed, mean error ${((100 * off) / Math.max(1, billed)).toFixed(1)} %`,
    )
  }
  for (const problem of problems.slice(0, 30)) say(`PROBLEM ${problem}`)
  say(
    problems.length === 0
      ? `the books agree: providers, Redis, Kafka and ClickHouse, ${seconds()} s`
      : `${problems.length} problems, --seed ${seed}`,
  )
}

function seconds(): number {
  return Math.round((Date.now() - startedMs) / 1000)
}

type Act = readonly [name: string, times: number, act: () => Promise<void>]

/** Each act at random request numbers; acts never overlap. */
function schedule(acts: readonly Act[]) {
  const scale = Math.min(1, requests / 20_000) * Number(flags.chaos)
  const chance = seededRandom(seed + 2)
  const due = acts
    .flatMap(([name, times, act]) =>
      Array.from({ length: Math.max(1, Math.round(times * scale)) }, () => ({
        at: Math.floor((0.05 + 0.9 * chance()) * requests),
        name,
        act,
      })),
    )
    .sort((a, b) => a.at - b.at)
  let running = Promise.resolve()
  let waiting = 0
  return {
    /** Holds the traffic up while more than one act waits, so that acts are spread over it. */
    async reached(number: number): Promise<void> {
      while (waiting > 1) await sleep(50)
      while (due[0] && due[0].at <= number) {
        const { name, act } = due.shift() as (typeof due)[number]
        waiting++
        running = running.then(async () => {
          waiting--
          say(`  ${new Date().toISOString()} ${name} at request ${number}`)
          await act()
        })
      }
    },
    settled: () => running,
  }
}

function withoutLimits(plugin: string, conf: JsonObject): JsonObject {
  if (plugin !== 'token-metering') return conf
  const limits = {
    tokens_per_day: 1e12,
    usd_per_month: '100000000',
    concurrent_requests: 100_000,
    requests_per_minute: 1e9,
  }
  return { ...conf, tiers: { premium: limits, basic: limits, internal: limits } }
}

/** Points http-logger at the repeater and takes APISIX's own request limits out of the way. */
async function sendLogsTo({ gateway }: Stack, uri: string): Promise<void> {
  if (!gateway) throw new Error('the ledger test needs the stand-in gateway')
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${gateway.adminUrl}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': gateway.adminKey },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const json = (await response.json()) as { value: JsonObject & { plugins: Record<string, JsonObject> } }
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`)
    return json.value
  }
  const { create_time: _c, update_time: _u, ...config } = await call('GET', 'plugin_configs/llm')
  const { 'limit-req': _limit, ...plugins } = config.plugins as Record<string, JsonObject>
  await call('PUT', 'plugin_configs/llm', {
    ...config,
    plugins: { ...plugins, 'http-logger': { ...plugins['http-logger'], uri } },
  })
  for (const name of ['business_unit_A', 'business_unit_B', 'internal']) {
    const { create_time: _c, update_time: _u, ...consumer } = await call('GET', `consumers/${name}`)
    const { 'limit-count': _count, ...own } = consumer.plugins as Record<string, JsonObject>
    await call('PUT', `consumers/${name}`, { ...consumer, plugins: own })
  }
}
