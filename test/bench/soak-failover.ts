/**
 * A provider that flaps (429, 503, cuts, slow) under steady traffic, with failover and without: `npm run soak:failover`
 * (60 s; `-- --minutes 10` for the real one, `--rate 20` requests a second each). Both gateways get the same requests at
 * the same moments, and their providers fail in the same way.
 *
 * Two kinds of failure are told apart. `failed`: no answer began; a gateway can prevent all of these, and the exit code
 * is 1 when more than 0.1% of the requests with failover did. `cut`: an answer began and broke off; nobody can ask again
 * without a second bill and a seam in the text, so that a gateway can only leave such a provider soon.
 *
 * The runner with failover has a twin on the same Redis: how long both saw breakers and health differently is printed,
 * and more than 5 s is a failure too.
 *
 * With the E2E_ variables of test/README.md the gateway is a real APISIX. One serves one stack: only the side with failover
 * runs then.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { JsonObject } from '../../runner/json.ts'
import { AgreementWatch } from '../support/agreement.ts'
import { startRedis } from '../support/servers/redis.ts'
import { type ConfChange, type ResourceChange, type Stack, startStack } from '../support/stack.ts'
import { upstream, withoutPlugins } from '../support/stack-conf.ts'
import { realApisix } from '../support/stack-place.ts'
import { post, question, readAll } from '../support/talk.ts'
import { startTwin } from '../support/twin.ts'

const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, rate: { type: 'string', default: '20' } },
})
const DURATION_MS = Number(flags.minutes) * 60_000
const GAP_MS = 1000 / Number(flags.rate)
const READ_TIMEOUT_S = 2
const GOAL = 0.001
const MAX_DISAGREEMENT_MS = 5000

/** What the primary does, a phase after the other; the slow one is slower than the gateway waits. */
const PHASES: readonly (readonly [string, number, object[]])[] = [
  ['well', 6000, [{}]],
  ['429', 3000, [{ odds: 0.6, status: 429, retry_after: 1 }, {}]],
  ['well', 3000, [{}]],
  ['503', 4000, [{ status: 503 }]],
  ['well', 4000, [{}]],
  ['cuts', 3000, [{ odds: 0.5, cut: 'before_headers' }, {}]],
  ['slow', 3000, [{ odds: 0.3, hang: 'before_headers' }, { delay_ms: 150 }]],
  ['some broken answers', 2000, [{ odds: 0.05, cut: 2 }, {}]],
  ['well', 4000, [{}]],
  ['many broken answers', 6000, [{ odds: 0.3, cut: 2 }, {}]],
]

interface Side {
  readonly name: string
  readonly stack: Stack
  /** Requests without an answer, by what came instead. */
  readonly failures: Map<string, number>
  sent: number
  fellOver: number
  cut: number
  readonly latencies: number[]
}

const quick: ResourceChange = upstream('*', ({ checks }) => {
  const { active, passive } = checks as { active: { healthy: object; unhealthy: object }; passive: object }
  const healthy = { ...active.healthy, interval: 1 }
  const unhealthy = { ...active.unhealthy, interval: 1 }
  return {
    timeout: { connect: 1, send: 5, read: READ_TIMEOUT_S },
    checks: { passive, active: { ...active, healthy, unhealthy } },
  }
})
const base: ResourceChange = (resource) => withoutPlugins(quick(resource), ['limit-req', 'limit-count'])
/** One target for each model, one node for each provider: what a gateway does that only passes requests on. */
const alone: ResourceChange = (resource) => {
  const changed = base(resource)
  if (changed.kind !== 'upstreams') return changed
  const { retries: _, ...value } = changed.value
  return { ...changed, value: { ...value, nodes: (value.nodes as object[]).slice(0, 1), retries: 0 } }
}
/** A slow moment of the machine is not to be refused as too many requests at once. */
const withoutQuotas: ConfChange = (plugin, conf) =>
  plugin === 'token-metering' ? { ...conf, tiers: {} } : conf
const firstTargetOnly: ConfChange = (plugin, conf, resource) =>
  plugin === 'llm-router'
    ? {
        ...conf,
        rules: (conf.rules as { targets: JsonObject[] }[]).map((rule) => ({
          ...rule,
          targets: rule.targets.slice(0, 1),
        })),
      }
    : withoutQuotas(plugin, conf, resource)
/** A breaker would refuse in place of the provider: it is part of what is compared. */
const neverOpen = { failure_threshold: 1_000_000, rate_limit_threshold: 1_000_000, cut_threshold: 1_000_000 }

const redis = await startRedis({})
const shared = { LLM_RUNNER_REDIS_URL: redis.url }
const confs: Record<string, JsonObject> = {}
const remember: ConfChange = (plugin, conf, resource) => {
  if (plugin === 'llm-router') confs[plugin] = conf
  return withoutQuotas(plugin, conf, resource)
}
let settings: JsonObject = {}
const withFailover = await startStack({
  resources: base,
  change: remember,
  runnerEnv: shared,
  settings: ({ controlUrl, fallbackPort }) => {
    const places = {
      control_url: controlUrl,
      control_ignored_ports: [fallbackPort],
      control_interval_ms: 500,
    }
    settings = { plugins: { 'llm-router': places } }
    return settings
  },
})
const sides = [sideOf('with failover', withFailover)]
if (realApisix() === undefined) {
  const without = await startStack({
    resources: alone,
    change: firstTargetOnly,
    settings: () => ({ plugins: { 'llm-router': { breaker: neverOpen } } }),
  })
  sides.push(sideOf('without failover', without))
}
const twin = await startTwin({ env: { ...shared, ...withFailover.providerKeys }, settings, confs })
const watch = new AgreementWatch([withFailover.usageUrl, twin.usageUrl])

const requests: Promise<void>[] = []
const startedMs = performance.now()
const end = startedMs + DURATION_MS
const flapping = flap(end)
for (let turn = 0; performance.now() < end; turn++) {
  const wait = startedMs + turn * GAP_MS - performance.now()
  if (wait > 0) await sleep(wait)
  const messages = question()
  for (const side of sides) requests.push(ask(side, turn % 2 === 0, messages))
}
await Promise.all(requests)
await flapping
const { longestMs, longest, pictures } = await watch.stop()
console.log('                  requests  failed   share     cut   share  fell over  p50 ms  p99 ms  books')
for (const side of sides) await report(side)
console.log(
  `two instances: ${pictures} pictures of breakers and health, the longest difference ${longestMs.toFixed(0)} ms (${longest})`,
)
await Promise.all(sides.map(({ stack }) => stack.close()))
await twin.close()
await redis.stop()
const [{ failures, sent }] = sides as [Side]
process.exit(total(failures) / sent > GOAL || longestMs > MAX_DISAGREEMENT_MS ? 1 : 0)

function sideOf(name: string, stack: Stack): Side {
  return { name, stack, failures: new Map(), sent: 0, fellOver: 0, cut: 0, latencies: [] }
}

async function flap(until: number): Promise<void> {
  for (let i = 0; performance.now() < until; i++) {
    const [, ms, behaviours] = PHASES[i % PHASES.length] as (typeof PHASES)[number]
    for (const { stack } of sides) stack.providers.openai.script({ default: behaviours as never })
    await sleep(Math.min(ms, Math.max(0, until - performance.now())))
  }
  for (const { stack } of sides) stack.providers.openai.resetScript()
}

async function ask(side: Side, stream: boolean, messages: object[]): Promise<void> {
  side.sent++
  const sentMs = performance.now()
  const fail = (why: string) => side.failures.set(why, (side.failures.get(why) ?? 0) + 1)
  try {
    const headers = { apikey: side.stack.keyOf('business_unit_A'), 'cache-control': 'no-store' }
    const response = await post(
      side.stack,
      '/v1/chat/completions',
      { model: 'gpt-4', stream, messages },
      headers,
    )
    const { raw, broken } = await readAll(response)
    side.latencies.push(performance.now() - sentMs)
    if (response.headers.get('x-model-fallback') === 'true') side.fellOver++
    if (response.status !== 200) fail(String(response.status))
    else if (broken) side.cut++
    else if (stream && !raw.includes('[DONE]')) fail('incomplete stream')
  } catch (error) {
    fail(`no answer: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function report({ name, stack, failures, sent, fellOver, cut, latencies }: Side): Promise<void> {
  const usage = await stack.settledUsage('business_unit_A')
  const billed = Object.values(stack.providers).reduce(
    (sum, { ledger }) => sum + ledger.totals.totalTokens,
    0,
  )
  latencies.sort((a, b) => a - b)
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(0)
  const share = (count: number) => `${((100 * count) / sent).toFixed(2)}%`
  const failed = total(failures)
  const cells: [string | number, number][] = [
    [sent, 9],
    [failed, 8],
    [share(failed), 8],
    [cut, 8],
    [share(cut), 8],
    [fellOver, 11],
    [at(0.5), 8],
    [at(0.99), 8],
  ]
  const books = `${usage.total_t} of ${billed} tokens, ${usage.requests} of ${sent} requests`
  console.log(
    `${name.padEnd(17)}${cells.map(([cell, width]) => `${cell}`.padStart(width)).join('')}  ${books}`,
  )
  if (failed > 0) console.log(`  ${[...failures].map(([why, count]) => `${why}: ${count}`).join(', ')}`)
}

function total(failures: ReadonlyMap<string, number>): number {
  return [...failures.values()].reduce((sum, count) => sum + count, 0)
}
