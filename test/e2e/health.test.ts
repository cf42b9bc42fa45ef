import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, upstream } from '../support/stack-conf.ts'
import { chat, clearLedgers, eventually } from '../support/talk.ts'

/** A provider that is down for longer: it is not asked for every request, and gets its traffic back. */
let stack: Stack
before(async () => {
  const quick = upstream('*', ({ checks }) => {
    const { active } = checks as { active: { healthy: object; unhealthy: object } }
    const healthy = { ...active.healthy, interval: 1, successes: 1 }
    const unhealthy = { ...active.unhealthy, interval: 1, http_failures: 1, tcp_failures: 1 }
    return { checks: { active: { ...active, healthy, unhealthy } } }
  })
  stack = await startStack({
    recordEvents: true,
    resources: inTurn(logAtOnce, quick),
    settings: ({ controlUrl }) => ({
      plugins: {
        'llm-router': {
          control_url: controlUrl,
          control_interval_ms: 100,
          control_ignored_ports: [],
          refresh_ms: 50,
          flush_ms: 5,
          breaker: { failure_threshold: 3, open_ms: 500, max_open_ms: 1000 },
        },
      },
    }),
  })
})
after(() => stack?.close())
beforeEach(() => clearLedgers(stack))

const backAtOpenai = () =>
  eventually(async () => {
    const seen = await chat(stack)
    return seen.status === 200 && seen.headers.get('x-model-fallback') === null ? seen : undefined
  }, 'the way back to the primary')

test('a primary that goes on failing is soon not asked any more; no client sees it; then it is asked again', async () => {
  const { openai } = stack.providers
  openai.script({ default: { status: 503 } })
  for (let i = 0; i < 20; i++) {
    const seen = await chat(stack, { stream: i % 2 === 1 })
    assert.equal(seen.status, 200)
    assert.equal(seen.headers.get('x-llm-provider'), 'dashscope')
    assert.equal(seen.headers.get('x-model-fallback'), 'true')
  }
  assert.ok(openai.ledger.totals.calls <= 6, `${openai.ledger.totals.calls} of 20 requests still asked it`)
  openai.resetScript()
  await backAtOpenai()
  const events = await stack.newEvents()
  assert.equal(new Set(events.map(({ request_id }) => request_id)).size, events.length)
})

test('a rate-limited primary is spared, with rate_limited as the reason, until its limit has passed', async () => {
  await backAtOpenai()
  await stack.newEvents()
  stack.providers.openai.script({ queue: [{ status: 429, times: 3 }] })
  const reason = await eventually(async () => {
    const seen = await chat(stack)
    assert.equal(seen.status, 200)
    const said = seen.headers.get('x-fallback-reason')
    return said === 'rate_limited' ? said : undefined
  }, 'the rate limit')
  assert.equal(reason, 'rate_limited')
  await backAtOpenai()
})

test('when all providers are down for longer the client soon gets 503 with Retry-After at once, then service again', async () => {
  await backAtOpenai()
  const { openai, qwen, ollama } = stack.providers
  for (const provider of [openai, qwen, ollama]) provider.script({ default: { status: 503 } })
  // Until the breakers are open APISIX may answer 502 by itself: docs/failover.md, limits.
  await eventually(async () => {
    const seen = await chat(stack)
    assert.ok(seen.status === 503 || seen.status === 502, `${seen.status}`)
    return seen.status === 503 && seen.headers.get('x-llm-provider') === null ? true : undefined
  }, 'a refusal by the router itself')
  clearLedgersOnly()
  const seen = await chat(stack)
  if (seen.status === 503) {
    assert.equal(seen.error?.code, 'no_provider_available')
    assert.ok(Number(seen.headers.get('retry-after')) > 0)
  }
  for (const provider of [openai, qwen, ollama]) provider.resetScript()
  await eventually(async () => ((await chat(stack)).status === 200 ? true : undefined), 'service')
  await backAtOpenai()
})

function clearLedgersOnly(): void {
  for (const { ledger } of Object.values(stack.providers)) ledger.clear()
}
