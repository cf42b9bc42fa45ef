import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, upstream } from '../support/stack-conf.ts'
import { calls, chat, clearLedgers, eventually, post, question, type Seen } from '../support/talk.ts'

/** A provider that is down for longer: it is not asked for every request, and gets its traffic back. */
const quick = inTurn(
  logAtOnce,
  upstream('*', ({ checks }) => {
    const { active, passive } = checks as { active: { healthy: object; unhealthy: object }; passive: object }
    const healthy = { ...active.healthy, interval: 1, successes: 1 }
    const unhealthy = { ...active.unhealthy, interval: 1, http_failures: 1, tcp_failures: 1 }
    return { checks: { active: { ...active, healthy, unhealthy }, passive } }
  }),
)
let stack: Stack
before(async () => {
  stack = await startStack({
    recordEvents: true,
    resources: quick,
    settings: ({ controlUrl, fallbackPort }) => ({
      plugins: {
        'llm-router': {
          control_url: controlUrl,
          control_interval_ms: 100,
          control_ignored_ports: [fallbackPort],
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

/**
 * A connection of its own for each request. One nginx worker sends all active checks, and only those of upstreams that it
 * has served itself: over one connection it might never get to know an upstream.
 */
const headers = { connection: 'close' }

const backAtOpenai = () =>
  eventually(async () => {
    const seen = await chat(stack, { headers })
    return seen.status === 200 && seen.headers.get('x-model-fallback') === null ? seen : undefined
  }, 'the way back to the primary')

test('a primary that goes on failing is soon not asked any more; no client sees it; then it is asked again', async () => {
  // APISIX first has to see that the providers are others than before.
  await backAtOpenai()
  await stack.newEvents()
  const { openai } = stack.providers
  openai.ledger.clear()
  openai.script({ default: { status: 503 } })
  for (let i = 0; i < 20; i++) {
    const seen = await chat(stack, { stream: i % 2 === 1, headers })
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
  // One that says when to come back is enough.
  stack.providers.openai.script({ queue: [{ status: 429, retry_after: 1 }] })
  const reason = await eventually(async () => {
    const seen = await chat(stack, { headers })
    assert.equal(seen.status, 200)
    const said = seen.headers.get('x-fallback-reason')
    return said === 'rate_limited' ? said : undefined
  }, 'the rate limit')
  assert.equal(reason, 'rate_limited')
  await backAtOpenai()
})

function assertOurRefusal({ status, headers, error, raw }: Seen): void {
  assert.equal(status, 503, raw)
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.deepEqual([error?.code, error?.type], ['no_provider_available', 'service_unavailable'])
  assert.ok(Number(headers.get('retry-after')) > 0)
}

test('while all providers are down every answer is 503 with an error object and Retry-After; then there is service again', async () => {
  await backAtOpenai()
  const { openai, qwen, ollama } = stack.providers
  for (const provider of [openai, qwen, ollama]) provider.script({ default: { status: 503 } })
  await eventually(async () => {
    const seen = await chat(stack, { headers })
    assertOurRefusal(seen)
    return seen.headers.get('x-llm-provider') === null ? true : undefined
  }, 'a refusal by the router itself')
  for (let i = 0; i < 20; i++) assertOurRefusal(await chat(stack, { stream: i % 2 === 1, headers }))
  for (const provider of [openai, qwen, ollama]) provider.resetScript()
  await eventually(
    async () => ((await chat(stack, { headers })).status === 200 ? true : undefined),
    'service',
  )
  await backAtOpenai()
})

test('without a runner the answer is the same error object', async () => {
  await backAtOpenai()
  await stack.runner.kill()
  assertOurRefusal(await chat(stack, { headers }))
  await stack.runner.start()
  await backAtOpenai()
})

test('an outage that only APISIX knows of has the same answers, in the form of the API that was called', async () => {
  // One stack at a time: a real APISIX has one socket and one set of resources.
  await stack.close()
  stack = await startStack({
    resources: quick,
    settings: () => ({
      plugins: { 'llm-router': { breaker: { failure_threshold: 1_000_000, cut_threshold: 1_000_000 } } },
    }),
  })
  assert.equal((await chat(stack, { headers })).status, 200)
  const providers = Object.values(stack.providers)
  for (const provider of providers) provider.script({ default: { status: 503 } })
  const claude = { model: 'claude-sonnet-4-5', max_tokens: 16, messages: question() }
  const key = { 'x-api-key': stack.keyOf('business_unit_A'), ...headers }
  let skipped = 0
  // Two rounds after APISIX has stopped asking them: it then has one try more than nodes.
  await eventually(async () => {
    for (const { ledger } of providers) ledger.clear()
    assertOurRefusal(await chat(stack, { headers }))
    const answer = await post(stack, '/v1/messages', claude, key)
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers.get('retry-after')) > 0)
    const { type, error } = (await answer.json()) as { type: string; error: { type: string } }
    assert.deepEqual([type, error.type], ['error', 'overloaded_error'])
    return Object.keys(calls(stack)).length === 0 && ++skipped === 2 ? true : undefined
  }, 'APISIX passing over all of them')
})
