import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, nextPass, policies, ref, requestOf, routeOf, run, runOn, surroundings } from './support.ts'

const route = routeOf(policies)
const fallback = routeOf({ ...policies, fallback: true })
const parts = { consumer: 'business_unit_A', json: chat('gpt-4', { temperature: 0.5 }) }

test('tries the targets of the rule one after the other and ends in a 503 with Retry-After', async () => {
  const first = await run(route, parts)
  const second = await runOn(fallback, nextPass(first), surroundings())
  assert.equal(second.sent.header('x-llm-upstream'), 'qwen')
  assert.equal(second.sent.header('authorization'), 'Bearer sk-dashscope')
  assert.equal(second.sent.path, '/compatible-mode/v1/chat/completions')
  assert.deepEqual(second.sent.json, chat('qwen-max', { temperature: 0.5 }))
  assert.deepEqual(second.respHeaders, {
    'X-LLM-Provider': 'dashscope',
    'X-LLM-Model': 'qwen-max',
    'X-Model-Fallback': 'true',
    'X-Fallback-Reason': 'primary_unavailable',
  })
  const third = await runOn(fallback, nextPass(second), surroundings())
  assert.equal(third.sent.header('x-llm-upstream'), 'ollama')
  assert.equal(third.sent.path, '/v1/chat/completions')
  assert.equal(third.sent.header('authorization'), undefined, 'the key of the provider before')
  const last = await runOn(fallback, nextPass(third), surroundings())
  assert.equal(last.status, 503)
  assert.equal(last.error?.code, 'no_provider_available')
  assert.ok(Number(last.respHeaders['retry-after']) > 0)
  assert.equal(last.note?.memory?.exhausted, true)
  assert.deepEqual(
    last.note?.attempts.map(({ provider }) => provider),
    ['openai', 'dashscope', 'ollama'],
  )
  assert.equal(last.note?.requested_model, 'gpt-4')
  assert.equal(last.note?.tier, 'premium')
})

test('knows from the gateway how the attempt before ended, and tells no provider', async () => {
  const first = await run(route, parts)
  const told = { 'x-llm-failed-status': '429 :', 'x-llm-retry-after': '7' }
  const second = await runOn(fallback, nextPass(first, told), surroundings())
  assert.deepEqual(second.note?.attempts[0]?.failed, { status: 429, retry_after_ms: 7000 })
  assert.equal(second.respHeaders['X-Fallback-Reason'], 'rate_limited')
  for (const name of Object.keys(told)) assert.equal(second.sent.header(name), undefined, name)
  const third = await runOn(fallback, nextPass(second, { 'x-llm-failed-status': '502' }), surroundings())
  assert.deepEqual(
    third.note?.attempts.map(({ failed }) => failed?.status),
    [429, 502, undefined],
  )
  assert.equal(third.respHeaders['X-Fallback-Reason'], 'rate_limited', 'why it is not the first choice')
  const last = await runOn(fallback, nextPass(third, { 'x-llm-failed-status': '500, 504 :' }), surroundings())
  assert.equal(last.note?.attempts.at(-1)?.failed?.status, 504)
})

test('takes what it cannot read for not told', async () => {
  const first = await run(route, parts)
  for (const status of ['-', '', 'x', '42 :', '- :', '429, - :']) {
    const second = await runOn(fallback, nextPass(first, { 'x-llm-failed-status': status }), surroundings())
    assert.equal(second.note?.attempts[0]?.failed, undefined)
    assert.equal(second.respHeaders['X-Fallback-Reason'], 'primary_unavailable')
  }
})

test('remembers the consumer, which the headers no longer tell', async () => {
  const first = await run(route, parts)
  assert.equal(nextPass(first).consumer, undefined)
  const second = await runOn(fallback, nextPass(first), surroundings())
  assert.equal(second.note?.memory?.consumer, 'business_unit_A')
  assert.equal(second.note?.memory?.rule, 'gpt-4-premium')
})

test('passes over a target whose breaker is open', async () => {
  const first = await run(route, parts)
  const open = { state: 'open', cause: 'failures', forMs: 1 } as const
  const fleet = surroundings({ breakers: { 'dashscope|qwen-max': open } })
  assert.equal((await runOn(fallback, nextPass(first), fleet)).sent.header('x-llm-upstream'), 'ollama')
})

test('comes back to the first choice when it was passed over before', async () => {
  const first = await run(route, parts, { down: ['openai'] })
  assert.equal(first.note?.attempts[0]?.provider, 'dashscope')
  const second = await runOn(fallback, nextPass(first), surroundings())
  assert.equal(second.note?.attempts[1]?.provider, 'openai')
  assert.equal(second.sent.json?.model, 'gpt-4')
})

test('stops after max_passes', async () => {
  const first = await run(route, parts)
  const short = routeOf({ ...policies, fallback: true, max_passes: 1 })
  assert.equal((await runOn(short, nextPass(first), surroundings())).status, 503)
})

test('refuses whoever did not come from an earlier pass', async () => {
  const { status, error, decision } = await run(fallback, parts)
  assert.equal(status, 503)
  assert.equal(error?.code, 'no_provider_available')
  assert.equal(decision.note, undefined)
  assert.equal((await run(fallback, { method: 'GET', path: '/v1/models' })).status, 503)
})

test('refuses when the conf no longer has the rule', async () => {
  const first = await run(route, parts)
  const rules = [{ name: 'other', targets: [{ provider: 'openai' }] }]
  const changed = routeOf({ ...policies, rules, fallback: true })
  assert.equal((await runOn(changed, nextPass(first), surroundings())).status, 503)
})

test('what the first provider wanted renamed or dropped does not break the second', async () => {
  const providers = {
    azure: { type: 'azure', upstream: 'azure', api_key: ref('AZURE_API_KEY'), api_version: '2024-10-21' },
    strict: { type: 'deepseek', upstream: 'strict', drop_fields: ['stream_options'] },
    openai: { type: 'openai', upstream: 'openai', api_key: ref('OPENAI_API_KEY') },
  }
  const targets = [
    { provider: 'strict', model: 'deepseek-chat' },
    { provider: 'azure', model: 'gpt-4' },
    { provider: 'openai', model: 'gpt-5' },
  ]
  const conf = { providers, rules: [{ targets }] }
  const more = { max_completion_tokens: 9, stream: true, stream_options: { include_usage: true } }
  const first = await run(routeOf(conf), { json: chat('x', more) })
  assert.deepEqual(first.sent.json, chat('deepseek-chat', { max_tokens: 9, stream: true }))
  const later = routeOf({ ...conf, fallback: true })
  const second = await runOn(later, nextPass(first), surroundings())
  assert.deepEqual(second.sent.json, chat('gpt-4', more))
  assert.equal(second.sent.arg('api-version'), '2024-10-21')
  const third = await runOn(later, nextPass(second), surroundings())
  assert.deepEqual(third.sent.json, chat('gpt-5', more))
  assert.equal(third.sent.arg('api-version'), undefined)
  assert.equal(third.sent.header('api-key'), undefined)
})

test('keeps the reason of the first pass in the note, for the usage event', async () => {
  const spilling = { ...policies, spill: { provider: 'ollama', model: 'deepseek-r1:7b', share: 1 } }
  const first = await run(routeOf(spilling), parts, { inFlight: { openai: 99 } })
  assert.equal(first.note?.attempts[0]?.provider, 'ollama')
  const second = await runOn(routeOf({ ...spilling, fallback: true }), nextPass(first), surroundings())
  assert.equal(second.note?.fallback_reason, 'queue_full')
  assert.equal(second.note?.attempts[1]?.provider, 'openai')
})

test('ends the chain for a note that is not one of its own', async () => {
  const note = { requested_model: 'gpt-4', attempts: [], tier: 'basic', fallback_reason: null }
  assert.equal((await runOn(fallback, requestOf({ ...parts, note }), surroundings())).status, 503)
})
