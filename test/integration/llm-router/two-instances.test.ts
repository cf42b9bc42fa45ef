import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { JsonObject } from '../../../runner/json.ts'
import { scripted } from '../../provider/behaviour.ts'
import { AgreementWatch } from '../../support/agreement.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { logAtOnce, upstream } from '../../support/stack-conf.ts'
import { chat, eventually } from '../../support/talk.ts'
import { startTwin, type Twin } from '../../support/twin.ts'

/** Two runner processes that share a Redis: one has all the traffic, both know what it taught. */
const MAX_DISAGREEMENT_MS = 5000
const OPENAI = 'llm_router_breaker_state{provider="openai",model="*"}'
const DOWN = 'llm_router_upstream_down{provider="openai"}'
const OPEN = 2

let redis: RedisServer
let stack: Stack
let twin: Twin
before(async () => {
  redis = await startRedis({})
  const env = { LLM_RUNNER_REDIS_URL: redis.url }
  let settings: JsonObject = {}
  const confs: Record<string, JsonObject> = {}
  const checkedOften = upstream('*', ({ checks }) => {
    const { active, passive } = checks as { active: { healthy: object; unhealthy: object }; passive: object }
    const healthy = { ...active.healthy, interval: 1, successes: 1 }
    const unhealthy = { ...active.unhealthy, interval: 1, http_failures: 1 }
    return { checks: { passive, active: { ...active, healthy, unhealthy } } }
  })
  stack = await startStack({
    runnerEnv: env,
    settings: ({ controlUrl, fallbackPort }) => {
      const breaker = { failure_threshold: 3, open_ms: 1000, max_open_ms: 2000 }
      const places = { control_url: controlUrl, control_ignored_ports: [fallbackPort] }
      settings = { plugins: { 'llm-router': { ...places, control_interval_ms: 500, breaker } } }
      return settings
    },
    resources: (resource) => checkedOften(logAtOnce(resource)),
    change: (plugin, conf) => {
      if (plugin === 'llm-router') confs[plugin] = conf
      return conf
    },
  })
  twin = await startTwin({ env: { ...env, ...stack.providerKeys }, settings, confs })
})
after(async () => {
  await twin?.close()
  await stack?.close()
  await redis?.stop()
})

async function keepAsking(until: () => boolean, what: string): Promise<void> {
  await eventually(
    async () => {
      const seen = await chat(stack)
      assert.equal(seen.status, 200, seen.raw)
      return until() || undefined
    },
    what,
    60_000,
  )
}

test('breakers and active checks of both are the same within 5 s, through an outage and back', async () => {
  const watch = new AgreementWatch([stack.usageUrl, twin.usageUrl])
  const bothSay = (name: string, value: number) => () =>
    watch.seen.last.length === 2 && watch.seen.last.every((picture) => (picture.get(name) ?? 0) === value)
  for (let turn = 0; turn < 2; turn++) {
    stack.providers.openai.script({ default: { status: 503 } })
    await keepAsking(bothSay(OPENAI, OPEN), 'both having opened the breaker')
    await keepAsking(bothSay(DOWN, 2), 'both seeing the active check')
    stack.providers.openai.resetScript()
    await keepAsking(bothSay(DOWN, 0), 'both seeing that it is up')
    await keepAsking(bothSay(OPENAI, 0), 'both having closed it')
  }
  const { longestMs, longest, pictures } = await watch.stop()
  // All well, and the outage; how many there are between depends on when they are taken.
  assert.ok(pictures >= 2, `${pictures} pictures`)
  assert.ok(longestMs < MAX_DISAGREEMENT_MS, `${longest} differed for ${longestMs} ms`)
})

test('what was open when Redis went away stays open at both, and they agree again when it is back', async () => {
  stack.providers.openai.script({ default: { status: 503 } })
  const before = new AgreementWatch([stack.usageUrl, twin.usageUrl])
  const open = () =>
    before.seen.last.length === 2 && before.seen.last.every((one) => one.get(OPENAI) === OPEN)
  await keepAsking(open, 'both having opened the breaker')
  await before.stop()
  await redis.kill()
  const local = async () =>
    /llm_router_state_local 1/.test(await stack.metric('llm_router_state_local')) ? true : undefined
  await eventually(local, 'the copy of the instance')
  for (let i = 0; i < 3; i++) assert.equal((await chat(stack)).status, 200)
  // The second pass of a request finds what the first one noted.
  const headers = scripted([{ only: { provider: 'qwen' }, status: 503 }])
  for (let i = 0; i < 3; i++) {
    const seen = await chat(stack, { headers })
    assert.deepEqual([seen.status, seen.headers.get('x-llm-provider')], [200, 'ollama'], seen.raw)
  }
  await redis.restart()
  stack.providers.openai.resetScript()
  const watch = new AgreementWatch([stack.usageUrl, twin.usageUrl])
  const closed = () => watch.seen.last.length === 2 && watch.seen.last.every((one) => !one.get(OPENAI))
  await keepAsking(closed, 'both having closed it')
  const { longestMs, longest } = await watch.stop()
  assert.ok(longestMs < MAX_DISAGREEMENT_MS, `${longest} differed for ${longestMs} ms`)
})
