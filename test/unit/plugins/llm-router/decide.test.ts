import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, policies, ref, routeOf, run, simpleRoute } from './support.ts'

const route = routeOf(policies)
const premium = { consumer: 'business_unit_A' }
const basic = { consumer: 'business_unit_B' }

test('sends gpt-4 of a premium consumer to OpenAI', async () => {
  const { sent, respHeaders, note } = await run(route, { ...premium, json: chat('gpt-4') })
  assert.equal(sent.header('x-llm-upstream'), 'openai')
  assert.equal(sent.header('authorization'), 'Bearer sk-openai')
  assert.equal(sent.path, '/v1/chat/completions')
  assert.equal(sent.json?.model, 'gpt-4')
  assert.deepEqual(respHeaders, { 'X-LLM-Provider': 'openai', 'X-LLM-Model': 'gpt-4' })
  assert.equal(note?.tier, 'premium')
  assert.equal(note?.fallback_reason, null)
})

test('takes gpt-4 of a basic consumer down to gpt-3.5-turbo, which is no fallback', async () => {
  const { sent, respHeaders, note } = await run(route, { ...basic, json: chat('gpt-4', { temperature: 0 }) })
  assert.deepEqual(sent.json, { ...chat('gpt-3.5-turbo'), temperature: 0 })
  assert.deepEqual(respHeaders, { 'X-LLM-Provider': 'openai', 'X-LLM-Model': 'gpt-3.5-turbo' })
  assert.equal(note?.requested_model, 'gpt-4')
  assert.deepEqual(note?.attempts, [
    { provider: 'openai', model: 'gpt-3.5-turbo', breaker: 'openai|gpt-3.5-turbo' },
  ])
})

test('treats a consumer without a tier as basic', async () => {
  const { sent } = await run(route, { consumer: 'stranger', json: chat('gpt-4') })
  assert.equal(sent.json?.model, 'gpt-3.5-turbo')
})

test('sends anything qwen to DashScope, on its own path and with its own key', async () => {
  const { sent, note } = await run(route, { json: chat('my-qwen-turbo') })
  assert.equal(sent.path, '/compatible-mode/v1/chat/completions')
  assert.equal(sent.header('x-llm-upstream'), 'qwen')
  assert.equal(sent.header('authorization'), 'Bearer sk-dashscope')
  assert.equal(sent.json?.model, 'my-qwen-turbo')
  assert.equal(note?.attempts[0]?.breaker, 'dashscope|*')
})

test('prefers the local model when the rule says so', async () => {
  const { sent, respHeaders } = await run(route, { json: chat('auto') })
  assert.equal(sent.header('x-llm-upstream'), 'ollama')
  assert.equal(sent.json?.model, 'deepseek-r1:7b')
  assert.equal(sent.header('authorization'), undefined)
  assert.equal(respHeaders['X-Model-Fallback'], undefined)
})

test('leaves a body alone that needs no change', async () => {
  const { decision } = await run(route, { ...premium, json: chat('gpt-4') })
  assert.ok(decision.kind === 'rewrite')
  assert.equal(decision.patch.json, undefined)
  assert.equal(decision.patch.path, undefined)
})

test('lets no credential and no internal header of the client through', async () => {
  const hidden = {
    apikey: 'client',
    authorization: 'Bearer client',
    'x-api-key': 'client',
    'api-key': 'client',
    cookie: 'session=1',
    'x-credential-identifier': 'c1',
    'x-consumer-custom-id': '7',
    'openai-organization': 'org-client',
    'accept-encoding': 'gzip',
    'x-team': 'blue',
  }
  const own = routeOf({ ...policies, remove_headers: ['X-Team'] })
  const { sent } = await run(own, { ...premium, json: chat('auto'), headers: hidden, args: { apikey: 'c' } })
  for (const name of Object.keys(hidden)) assert.equal(sent.header(name), undefined, name)
  assert.equal(sent.header('x-consumer-username'), undefined)
  assert.equal(sent.arg('apikey'), undefined)
})

test("overwrites a client's own X-LLM-Upstream", async () => {
  const { sent } = await run(route, { json: chat('qwen-max'), headers: { 'x-llm-upstream': 'openai' } })
  assert.equal(sent.header('x-llm-upstream'), 'qwen')
})

test('answers 404 model_not_found for a model that no rule takes', async () => {
  const { status, error } = await run(route, { json: chat('gpt-99') })
  assert.equal(status, 404)
  assert.equal(error?.code, 'model_not_found')
  assert.match(error?.message ?? '', /gpt-99/)
})

test('answers an Anthropic client in its own format', async () => {
  const { status, body } = await run(route, { path: '/v1/messages', json: chat('gpt-99') })
  assert.equal(status, 404)
  assert.equal(body.type, 'error')
})

test('answers 404 for a model with characters that no header takes', async () => {
  const { status, error } = await run(route, { json: chat('qwen\r\nX-Evil: 1') })
  assert.equal(status, 404)
  assert.doesNotMatch(error?.message ?? '', /Evil/)
})

test('answers 400 without a body', async () => {
  const { status, error } = await run(route, {})
  assert.equal(status, 400)
  assert.equal(error?.param, 'model')
})

test('answers 404 on other paths, with the text of the conf', async () => {
  const own = routeOf({ ...policies, unknown_endpoint_message: 'Try /v1/chat/completions.' })
  const { status, error } = await run(own, { method: 'GET', path: '/admin' })
  assert.equal(status, 404)
  assert.equal(error?.message, 'Try /v1/chat/completions.')
})

test('passes other paths on, without credentials and to the default upstream, when the conf says so', async () => {
  const own = routeOf({ ...policies, other_paths: 'pass' })
  const headers = { authorization: 'Bearer client', 'x-llm-upstream': 'openai' }
  const { decision, sent } = await run(own, { method: 'GET', path: '/health', headers })
  assert.equal(decision.kind, 'rewrite')
  assert.equal(sent.header('authorization'), undefined)
  assert.equal(sent.header('x-llm-upstream'), undefined)
})

test('refuses a model that the tier may not request as if it did not exist', async () => {
  const own = routeOf({ ...policies, allowed_models: { basic: ['qwen-*'] } })
  const refused = await run(own, { ...basic, json: chat('gpt-4') })
  assert.equal(refused.error?.code, 'model_not_found')
  assert.equal((await run(own, { ...basic, json: chat('qwen-max') })).decision.kind, 'rewrite')
  assert.equal((await run(own, { ...premium, json: chat('gpt-4') })).decision.kind, 'rewrite')
})

test('goes to the next target when the first does not offer the endpoint, and says 400 when none does', async () => {
  const targets = [{ provider: 'dashscope' }, { provider: 'openai', model: 'gpt-4o' }]
  const own = simpleRoute(policies.providers, targets)
  const input = { model: 'qwen-max', input: 'hi' }
  const { sent, note } = await run(own, { path: '/v1/responses', json: input })
  assert.equal(sent.header('x-llm-upstream'), 'openai')
  assert.equal(sent.path, '/v1/responses')
  assert.equal(note?.fallback_reason, null)
  const none = await run(route, { path: '/v1/responses', json: input })
  assert.equal(none.status, 400)
  assert.equal(none.error?.code, 'unsupported_endpoint')
})

test('uses several keys in turn', async () => {
  const keys = [ref('OPENAI_API_KEY'), ref('OPENAI_API_KEY_2')]
  const own = simpleRoute({ openai: { type: 'openai', upstream: 'o', api_keys: keys } }, [
    { provider: 'openai' },
  ])
  const seen: unknown[] = []
  for (let i = 0; i < 3; i++) {
    seen.push((await run(own, { json: chat('gpt-4') })).sent.header('authorization'))
  }
  assert.deepEqual(seen, ['Bearer sk-openai', 'Bearer sk-openai-2', 'Bearer sk-openai'])
})
