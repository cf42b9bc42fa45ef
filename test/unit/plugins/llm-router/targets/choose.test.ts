import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRoute } from '../../../../../plugins/llm-router/decide.ts'
import { chat, policies, requestOf, routeOf, run, runOn, simpleRoute, surroundings } from '../support.ts'

const route = routeOf(policies)
const parts = { consumer: 'business_unit_A', json: chat('gpt-4') }
const broken = { state: 'open', cause: 'failures', forMs: 4200 } as const
const limited = { state: 'open', cause: 'rate_limited', forMs: 1500 } as const

test('goes to the next target while the breaker of the first is open, and says so', async () => {
  const { respHeaders, note, sent } = await run(route, parts, { breakers: { 'openai|gpt-4': limited } })
  // A model that only the client named is judged with its provider.
  assert.equal(sent.header('x-llm-upstream'), 'openai')
  assert.equal(note?.attempts[0]?.breaker, 'openai|*')
  const second = await run(route, parts, { breakers: { 'openai|*': broken } })
  assert.deepEqual(second.respHeaders, {
    'X-LLM-Provider': 'dashscope',
    'X-LLM-Model': 'qwen-max',
    'X-Model-Fallback': 'true',
    'X-Fallback-Reason': 'primary_unavailable',
  })
  assert.equal(second.sent.json?.model, 'qwen-max')
  assert.equal(second.note?.fallback_reason, 'primary_unavailable')
  assert.equal(respHeaders['X-Model-Fallback'], undefined)
})

test('calls it rate_limited when that is why the breaker is open', async () => {
  const { respHeaders } = await run(route, parts, { breakers: { 'openai|*': limited } })
  assert.equal(respHeaders['X-Fallback-Reason'], 'rate_limited')
})

test('goes to the next target when the active check of APISIX has marked the upstream down', async () => {
  const { sent, note } = await run(route, parts, { down: ['openai'] })
  assert.equal(sent.header('x-llm-upstream'), 'qwen')
  assert.equal(note?.fallback_reason, 'primary_unavailable')
})

test('prefers one that is rate limited or marked down to a refusal', async () => {
  const { sent, respHeaders } = await run(route, parts, {
    down: ['qwen'],
    breakers: { 'openai|*': broken, 'ollama|deepseek-r1:7b': broken },
  })
  assert.equal(sent.header('x-llm-upstream'), 'qwen')
  assert.equal(respHeaders['X-Fallback-Reason'], 'primary_unavailable')
})

test('prefers one that breaks answers off to a refusal, also while another request is its probe', async () => {
  const rest = { 'dashscope|qwen-max': broken, 'ollama|deepseek-r1:7b': broken }
  const cutting = { state: 'open', cause: 'cuts', forMs: 4200 } as const
  for (const standing of [cutting, { state: 'half_open', cause: 'cuts' } as const]) {
    const breakers = { ...rest, 'openai|*': standing }
    const { sent, note } = await run(route, parts, { breakers, grantProbe: false })
    assert.equal(sent.header('x-llm-upstream'), 'openai')
    assert.equal(note?.attempts[0]?.probe, undefined)
    const other = await run(route, parts, { breakers: { 'openai|*': standing }, grantProbe: false })
    assert.equal(other.sent.header('x-llm-upstream'), 'qwen')
  }
  const failing = { state: 'half_open', cause: 'failures' } as const
  const { status } = await run(route, parts, {
    breakers: { ...rest, 'openai|*': failing },
    grantProbe: false,
  })
  assert.equal(status, 503)
})

test('refuses at once what APISIX would not ask: its own way back would only end in the same refusal', async () => {
  const { status, error, respHeaders } = await run(route, parts, { skipped: ['openai', 'qwen', 'ollama'] })
  assert.equal(status, 503)
  assert.equal(error?.code, 'no_provider_available')
  assert.equal(respHeaders['retry-after'], '5')
})

test('passes over what APISIX would not ask, whatever its breaker says, and takes no probe for it', async () => {
  for (const state of [limited, { state: 'half_open', cause: 'failures' } as const]) {
    const breakers = { 'openai|*': state, 'ollama|deepseek-r1:7b': broken }
    const around = surroundings({ skipped: ['openai'], down: ['qwen'], breakers })
    const { sent, note } = await runOn(route, requestOf(parts), around)
    assert.equal(sent.header('x-llm-upstream'), 'qwen')
    assert.equal(note?.fallback_reason, 'primary_unavailable')
    assert.deepEqual(around.probes, [])
  }
})

test('answers 503 with Retry-After when every breaker is open', async () => {
  const { status, error, respHeaders } = await run(route, parts, {
    breakers: { 'openai|*': broken, 'dashscope|qwen-max': broken, 'ollama|deepseek-r1:7b': broken },
  })
  assert.equal(status, 503)
  assert.equal(error?.code, 'no_provider_available')
  assert.equal(respHeaders['retry-after'], '5')
})

test('sends one probe through a half-open breaker, and the others past it', async () => {
  const breakers = { 'openai|*': { state: 'half_open', cause: 'failures' } } as const
  const probing = surroundings({ breakers })
  const granted = await runOn(route, requestOf(parts), probing)
  assert.deepEqual(probing.probes, ['openai|*'])
  assert.equal(granted.sent.header('x-llm-upstream'), 'openai')
  assert.equal(granted.note?.attempts[0]?.probe, true)
  assert.equal(granted.note?.fallback_reason, null)
  const denied = await run(route, parts, { breakers, grantProbe: false })
  assert.equal(denied.sent.header('x-llm-upstream'), 'qwen')
  assert.equal(denied.note?.attempts[0]?.probe, undefined)
})

test('decides at once, without a promise, when nothing is half-open', () => {
  const decision = decideRoute(requestOf(parts), route, surroundings({ breakers: { 'openai|*': broken } }))
  assert.ok(!(decision instanceof Promise))
})

const windows = (small: number, big: number) => ({
  a: { upstream: 'a', models: { small: { context_window: small }, big: { context_window: big } } },
})
const words = (count: number) => chat('any', { messages: [{ role: 'user', content: 'word '.repeat(count) }] })
const small = [{ provider: 'a', model: 'small' }]
const overflow = { context_overflow: [{ provider: 'a', model: 'big' }] }

test('answers 400 context_length_exceeded for a prompt that no model of the rule can take', async () => {
  const { status, error } = await run(simpleRoute(windows(1000, 9000), small), { json: words(3000) })
  assert.equal(status, 400)
  assert.equal(error?.code, 'context_length_exceeded')
  assert.equal(error?.param, 'messages')
  assert.match(error?.message ?? '', /1000 tokens/)
})

test('takes the bigger model when the rule names one', async () => {
  const { sent, note } = await run(simpleRoute(windows(1000, 9000), small, {}, overflow), {
    json: words(3000),
  })
  assert.equal(sent.json?.model, 'big')
  assert.equal(note?.fallback_reason, 'context_length')
  const short = await run(simpleRoute(windows(1000, 9000), small, {}, overflow), { json: words(10) })
  assert.equal(short.sent.json?.model, 'small')
})

const mixed = {
  a: windows(1000, 9000).a,
  b: { upstream: 'b' },
  c: { upstream: 'c', models: { wide: { context_window: 9000 } } },
}

test('takes the bigger model that the rule names before fallbacks whose window is unknown or wide enough', async () => {
  const targets = [...small, { provider: 'b', model: 'unknown' }, { provider: 'c', model: 'wide' }]
  const route = simpleRoute(mixed, targets, {}, overflow)
  const { sent, note } = await run(route, { json: words(3000) })
  assert.equal(sent.json?.model, 'big')
  assert.equal(note?.fallback_reason, 'context_length')
  const second = await run(route, { json: words(3000) }, { breakers: { 'a|big': broken } })
  assert.equal(second.sent.json?.model, 'unknown')
})

test('leaves a prompt with the first target when that may take it, whatever the others can', async () => {
  const route = simpleRoute(mixed, [{ provider: 'b', model: 'unknown' }, ...small], {}, overflow)
  const { sent, note } = await run(route, { json: words(3000) })
  assert.equal(sent.json?.model, 'unknown')
  assert.equal(note?.fallback_reason, null)
  const second = await run(route, { json: words(3000) }, { breakers: { 'b|unknown': broken } })
  assert.equal(second.sent.json?.model, 'big')
})

test('leaves room for the answer that the client asks for', async () => {
  const route = simpleRoute(windows(1000, 9000), small, {}, overflow)
  const { sent } = await run(route, { json: { ...words(100), max_tokens: 990 } })
  assert.equal(sent.json?.model, 'big')
})

test('lets the provider judge a prompt that is only a little too long by the estimate', async () => {
  const { sent } = await run(simpleRoute(windows(1000, 9000), small), { json: words(880) })
  assert.equal(sent.json?.model, 'small')
})
