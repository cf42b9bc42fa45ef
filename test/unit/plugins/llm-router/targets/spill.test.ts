import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, policies, routeOf, run } from '../support.ts'

const spill = { provider: 'ollama', model: 'deepseek-r1:7b' }
const route = routeOf({ ...policies, spill })
const parts = { consumer: 'business_unit_A', json: chat('gpt-4') }

test('beyond max_queue a share of the traffic goes to the local model, under its own name', async () => {
  const { sent, respHeaders, note } = await run(route, parts, {
    inFlight: { openai: 11 },
    random: () => 0.29,
  })
  assert.equal(sent.header('x-llm-upstream'), 'ollama')
  assert.equal(sent.json?.model, 'deepseek-r1:7b')
  assert.equal(respHeaders['X-Fallback-Reason'], 'queue_full')
  assert.equal(note?.fallback_reason, 'queue_full')
})

test('the rest stays, as does everything while the queue is not full', async () => {
  const rest = await run(route, parts, { inFlight: { openai: 11 }, random: () => 0.31 })
  assert.equal(rest.sent.header('x-llm-upstream'), 'openai')
  const calm = await run(route, parts, { inFlight: { openai: 10 }, random: () => 0 })
  assert.equal(calm.sent.header('x-llm-upstream'), 'openai')
})

test('nothing spills to a local model that is broken or does not offer the endpoint', async () => {
  const fleet = { inFlight: { openai: 99 }, random: () => 0 }
  const open = { state: 'open', cause: 'failures', forMs: 1000 } as const
  const broken = await run(route, parts, { ...fleet, breakers: { 'ollama|deepseek-r1:7b': open } })
  assert.equal(broken.sent.header('x-llm-upstream'), 'openai')
  const rules = [{ targets: [{ provider: 'openai' }] }]
  const json = { model: 'gpt-4', input: 'hi' }
  const responses = await run(routeOf({ ...policies, spill, rules }), { path: '/v1/responses', json }, fleet)
  assert.equal(responses.sent.header('x-llm-upstream'), 'openai')
})
