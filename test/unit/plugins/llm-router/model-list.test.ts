import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policies, routeOf, run } from './support.ts'

const route = routeOf({
  ...policies,
  listed_models: ['qwen-max', 'nobody-has-this'],
  allowed_models: { basic: ['gpt-*', 'auto'] },
})
const ids = (body: object) => (body as { data: { id: string }[] }).data.map(({ id }) => id)
const get = (path: string, consumer: string, headers: Record<string, string> = {}) =>
  run(route, { method: 'GET', path, consumer, headers })

test('lists what the consumer may ask for and some rule takes', async () => {
  const premium = await get('/v1/models', 'business_unit_A')
  assert.deepEqual(ids(premium.body), ['auto', 'gpt-3.5-turbo', 'gpt-4', 'qwen-max'])
  assert.equal(premium.status, 200)
  assert.ok(premium.decision.kind === 'stop' && premium.decision.outcome === 'served')
  assert.deepEqual(ids((await get('/v1/models', 'business_unit_B')).body), ['auto', 'gpt-3.5-turbo', 'gpt-4'])
})

test("shows one model in OpenAI's format, and hides what the tier may not use", async () => {
  const { status, body } = await get('/v1/models/qwen-max', 'business_unit_A')
  assert.equal(status, 200)
  assert.deepEqual(body, { id: 'qwen-max', object: 'model', created: 0, owned_by: 'dashscope' })
  const hidden = await get('/v1/models/qwen-max', 'business_unit_B')
  assert.equal(hidden.status, 404)
  assert.equal(hidden.error?.code, 'model_not_found')
})

test("answers Anthropic's client in its own format", async () => {
  const headers = { 'anthropic-version': '2023-06-01' }
  const { body } = await get('/v1/models', 'business_unit_B', headers)
  assert.equal((body as { first_id?: string }).first_id, 'auto')
  const missing = await get('/v1/models/qwen-max', 'business_unit_B', headers)
  assert.equal(missing.status, 404)
  assert.equal(missing.body.type, 'error')
})
