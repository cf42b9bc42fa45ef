import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, type RequestParts, routeOf, run } from '../support.ts'

/** Whether a request meets the condition: a rule with it goes to `yes`, every other request to `no`. */
async function meets(when: object, parts: RequestParts, conf: object = {}): Promise<boolean> {
  const route = routeOf({
    providers: { yes: { upstream: 'yes', paths: { responses: '/v1/responses' } }, no: { upstream: 'no' } },
    rules: [{ when, targets: [{ provider: 'yes' }] }, { targets: [{ provider: 'no' }] }],
    ...conf,
  })
  const { sent } = await run(route, { json: chat('m'), ...parts })
  return sent.header('x-llm-upstream') === 'yes'
}

test('asks for the consumer', async () => {
  assert.equal(await meets({ consumers: ['team-*'] }, { consumer: 'team-a' }), true)
  assert.equal(await meets({ consumers: ['team-*'] }, { consumer: 'other' }), false)
  assert.equal(await meets({ consumers: ['*'] }, {}), false)
})

test('asks for headers by any spelling of the name', async () => {
  const headers = { 'x-experiment': 'blue-2' }
  assert.equal(await meets({ headers: { 'X-Experiment': 'blue-*' } }, { headers }), true)
  assert.equal(await meets({ headers: { 'X-Experiment': 'red' } }, { headers }), false)
  assert.equal(await meets({ headers: { 'X-Other': '*' } }, { headers }), false)
})

test('asks for the estimated length of the prompt', async () => {
  const json = chat('m', { messages: [{ role: 'user', content: 'word '.repeat(1000) }] })
  assert.equal(await meets({ prompt_tokens: { min: 1000 } }, { json }), true)
  assert.equal(await meets({ prompt_tokens: { max: 1000 } }, { json }), false)
  assert.equal(await meets({ prompt_tokens: { min: 10, max: 3000 } }, { json }), true)
  assert.equal(await meets({ prompt_tokens: { max: 1000 } }, { json: chat('m') }), true)
  assert.equal(await meets({ prompt_tokens: { min: 1000 } }, { json: chat('m') }), false)
})

test('asks for tools, images and streams', async () => {
  const tools = [{ type: 'function', function: { name: 'f' } }]
  assert.equal(await meets({ tools: true }, { json: chat('m', { tools }) }), true)
  assert.equal(await meets({ tools: false }, { json: chat('m', { tools }) }), false)
  const content = [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }]
  assert.equal(
    await meets({ images: true }, { json: chat('m', { messages: [{ role: 'user', content }] }) }),
    true,
  )
  assert.equal(await meets({ images: true }, {}), false)
  assert.equal(await meets({ stream: true }, { json: chat('m', { stream: true }) }), true)
})

test('asks for the endpoint', async () => {
  const json = { model: 'm', input: 'hi' }
  assert.equal(await meets({ endpoints: ['responses'] }, { path: '/v1/responses', json }), true)
  assert.equal(await meets({ endpoints: ['responses'] }, {}), false)
})

test('asks for the time of day', async () => {
  const time = { from: '22:00', to: '06:00', time_zone: 'UTC' }
  assert.equal(await meets({ time }, { receivedAt: Date.UTC(2025, 0, 15, 23) }), true)
  assert.equal(await meets({ time }, { receivedAt: Date.UTC(2025, 0, 15, 12) }), false)
})

test('wants all conditions of a rule', async () => {
  const when = { models: ['m'], tiers: ['premium'] }
  assert.equal(await meets(when, { consumer: 'a' }, { consumers: { a: 'premium' } }), true)
  assert.equal(await meets(when, { consumer: 'b' }, { consumers: { a: 'premium' } }), false)
})

test('takes the first rule that matches', async () => {
  const targets = (provider: string) => [{ provider }]
  const route = routeOf({
    providers: { a: { upstream: 'a' }, b: { upstream: 'b' } },
    rules: [
      { when: { models: ['x-1'] }, targets: targets('a') },
      { when: { models: ['x-*'] }, targets: targets('b') },
    ],
  })
  const upstreams = ['x-1', 'x-2'].map(async (model) => (await run(route, { json: chat(model) })).sent)
  assert.deepEqual(
    (await Promise.all(upstreams)).map((sent) => sent.header('x-llm-upstream')),
    ['a', 'b'],
  )
})
