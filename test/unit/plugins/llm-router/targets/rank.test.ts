import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from '../../../../../plugins/llm-router/compile.ts'
import { chat, type FleetParts, type RequestParts, run, simpleRoute } from '../support.ts'

const providers = { a: { upstream: 'a' }, b: { upstream: 'b' }, c: { upstream: 'c', local: true } }
const routeWith = (rule: object, targets: object[]): Route => simpleRoute(providers, targets, {}, rule)
const three = [
  { provider: 'a', model: 'm' },
  { provider: 'b', model: 'm' },
  { provider: 'c', model: 'm' },
]

async function chosen(route: Route, fleet: FleetParts = {}, parts: RequestParts = {}): Promise<string> {
  const { sent } = await run(route, { json: chat('x'), ...parts }, fleet)
  return sent.header('x-llm-upstream') ?? ''
}

test('priority keeps the order of the conf', async () => {
  assert.equal(await chosen(routeWith({}, three)), 'a')
})

test('prefer_local puts local providers first, and the rest behind in order', async () => {
  const route = routeWith({ prefer_local: true }, three)
  assert.equal(await chosen(route), 'c')
  assert.equal(
    await chosen(route, { breakers: { 'c|m': { state: 'open', cause: 'failures', forMs: 9 } } }),
    'a',
  )
})

test('weighted shares the traffic by weight', async () => {
  const route = routeWith({ strategy: 'weighted' }, [
    { provider: 'a', model: 'm', weight: 3 },
    { provider: 'b', model: 'm', weight: 1 },
  ])
  let seed = 1
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  let a = 0
  for (let i = 0; i < 4000; i++) if ((await chosen(route, { random })) === 'a') a++
  assert.ok(a > 2850 && a < 3150, `${a} of 4000`)
})

test('sticky by consumer gives each consumer one target and all of them their share', async () => {
  const route = routeWith({ strategy: 'weighted', sticky: 'consumer' }, three.slice(0, 2))
  const counts: Record<string, number> = {}
  for (let i = 0; i < 400; i++) {
    const parts = { consumer: `consumer-${i}` }
    const first = await chosen(route, {}, parts)
    assert.equal(await chosen(route, { random: Math.random }, parts), first)
    counts[first] = (counts[first] ?? 0) + 1
  }
  assert.ok((counts.a ?? 0) > 150 && (counts.b ?? 0) > 150, JSON.stringify(counts))
})

test('sticky by conversation keeps the target while the history grows', async () => {
  const route = routeWith({ strategy: 'weighted', sticky: 'conversation' }, three)
  const seen = new Set<string>()
  for (let i = 0; i < 30; i++) {
    const opening = { role: 'user', content: `question ${i}` }
    const later = [opening, { role: 'assistant', content: 'answer' }, { role: 'user', content: 'and?' }]
    const first = await chosen(route, {}, { json: chat('x', { messages: [opening] }) })
    assert.equal(await chosen(route, {}, { json: chat('x', { messages: later }) }), first)
    seen.add(first)
  }
  assert.equal(seen.size, 3)
})

test('sticky by conversation believes the client that names it', async () => {
  const route = routeWith({ strategy: 'weighted', sticky: 'conversation' }, three)
  const headers = { 'x-conversation-id': 'c-1' }
  const firsts = new Set<string>()
  for (let i = 0; i < 10; i++) {
    const json = chat('x', { messages: [{ role: 'user', content: `text ${i}` }] })
    firsts.add(await chosen(route, {}, { json, headers }))
  }
  assert.equal(firsts.size, 1)
})

test('least_busy takes the provider with the fewest requests in flight for its weight', async () => {
  const route = routeWith({ strategy: 'least_busy' }, three)
  assert.equal(await chosen(route, { inFlight: { a: 5, b: 2, c: 3 } }), 'b')
  const weighted = routeWith({ strategy: 'least_busy' }, [
    { provider: 'a', model: 'm', weight: 10 },
    { provider: 'b', model: 'm' },
  ])
  assert.equal(await chosen(weighted, { inFlight: { a: 5, b: 2 } }), 'a')
})

test('lowest_latency takes the fastest first byte, and first whoever was not measured', async () => {
  const route = routeWith({ strategy: 'lowest_latency' }, three)
  assert.equal(await chosen(route, { ttft: { 'a|m': 900, 'b|m': 300, 'c|m': 400 } }), 'b')
  assert.equal(await chosen(route, { ttft: { 'a|m': 900, 'b|m': 300 } }), 'c')
})

test('lowest_cost compares what the request would cost, answers included; without a price goes last', async () => {
  const route = routeWith({ strategy: 'lowest_cost' }, [
    { provider: 'c', model: 'm' },
    { provider: 'a', model: 'm', price: { input: 1, output: 30 } },
    { provider: 'b', model: 'm', price: { input: 10, output: 10 } },
  ])
  assert.equal(await chosen(route, {}, { json: chat('x', { max_tokens: 1000 }) }), 'b')
  const long = chat('x', { max_tokens: 1, messages: [{ role: 'user', content: 'word '.repeat(2000) }] })
  assert.equal(await chosen(route, {}, { json: long }), 'a')
})

test('takes the price of a model from the catalogue', async () => {
  const priced = (input: number) => ({ models: { m: { price: { input, output: 1 } } } })
  const route = simpleRoute(
    { a: { upstream: 'a', ...priced(5) }, b: { upstream: 'b', ...priced(2) } },
    [
      { provider: 'a', model: 'm' },
      { provider: 'b', model: 'm' },
    ],
    {},
    { strategy: 'lowest_cost' },
  )
  assert.equal(await chosen(route), 'b')
})
