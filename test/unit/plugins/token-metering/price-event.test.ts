import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ByteRatios } from '../../../../plugins/token-metering/byte-ratios.ts'
import { ExchangeRates } from '../../../../plugins/token-metering/cost/exchange.ts'
import { PriceTable } from '../../../../plugins/token-metering/cost/price-table.ts'
import { priceEvent } from '../../../../plugins/token-metering/price-event.ts'
import { EventPricer } from '../../../../plugins/token-metering/pricer.ts'
import { TokenCounter } from '../../../../plugins/token-metering/tokens/token-counter.ts'
import { countTokens } from '../../../../plugins/token-metering/tokens/tokenizer.ts'
import type { Observation, UsageEvent, UsageFields } from '../../../../runner/plugin.ts'
import { usageEntry } from '../../../support/usage-entry.ts'

const counter = new TokenCounter()
after(() => counter.close())
const prices = PriceTable.parse({
  prices: [
    {
      ...{
        models: ['gpt-4o'],
        provider: 'openai',
        currency: 'USD',
        valid_from: '2020-01-01',
        source: 'test',
      },
      per_million: { input: '1', output: '2' },
    },
  ],
})
const pricer = new EventPricer(prices, new ExchangeRates(), { unpriced: () => {}, clamped: () => {} })
const parts = { counter, ratios: new ByteRatios(), pricer }

function observation(event: Partial<UsageEvent>, more: Partial<Observation> = {}): Observation {
  const fields = { who: 'a', id: 'r', prompt: 0, completion: 0, atMs: Date.UTC(2026, 10, 22) }
  return {
    event: { ...usageEntry(fields).event, tier: null, ...event },
    ...{ endpoint: 'chat-completions', answer: undefined, requestJson: undefined },
    ...{ notes: {}, traceparent: undefined, retryAfter: undefined },
    ...more,
  }
}

test('prices what the provider counted at once', () => {
  const fields = priceEvent(observation({ prompt_t: 100, completion_t: 50, usage_source: 'provider' }), parts)
  assert.ok(!(fields instanceof Promise))
  assert.deepEqual(fields, {
    ...{ cost: '0.0002', cost_usd: '0.0002', currency: 'USD', tier: null },
    ...{ cache: null, cache_similarity: null, saved_usd: null },
  } satisfies Partial<UsageFields>)
})

test('counts the answer’s text where the provider said nothing, with the prompt as it was counted before', async () => {
  const content = 'An answer of some words.'
  const answer = { choices: [{ content }] } as unknown as NonNullable<Observation['answer']>
  const notes = { 'token-metering': { tier: 'premium', prompt_tokens: 40 } }
  const fields = await priceEvent(observation({ usage_source: 'none' }, { answer, notes }), parts)
  const completion = countTokens(content, 'o200k_base')
  assert.deepEqual(
    [fields.prompt_t, fields.completion_t, fields.total_t, fields.usage_source, fields.usage_estimated],
    [40, completion, 40 + completion, 'tokenizer', true],
  )
  assert.equal(fields.tier, 'premium')
  assert.equal(
    fields.cost_usd,
    pricer.cost({ ...observation({}).event, ...fields, usage_source: 'tokenizer' }).cost_usd,
  )
})

test('estimates from the bytes that the client got where there is no text', async () => {
  const cut = {
    usage_source: 'none',
    outcome: 'client_disconnected',
    stream: true,
    response_bytes: 5000,
  } as const
  const fields = await priceEvent(observation(cut), parts)
  assert.equal(fields.usage_source, 'bytes')
  assert.ok((fields.completion_t ?? 0) > 0)
})

test('takes the side that the provider told of a stream that broke off, and estimates the other', async () => {
  const cut = { usage_source: 'none', outcome: 'upstream_cut', stream: true, response_bytes: 5000 } as const
  const content = 'The first half of an answer'
  const answer = { choices: [{ content }] } as unknown as NonNullable<Observation['answer']>
  const notes = { 'token-metering': { tier: 'premium', prompt_tokens: 40 } }
  const prompt = await priceEvent(
    observation({ ...cut, prompt_t: 43, cached_t: 3 }, { answer, notes }),
    parts,
  )
  const completion = countTokens(content, 'o200k_base')
  assert.deepEqual([prompt.prompt_t, prompt.completion_t, prompt.total_t], [43, completion, 43 + completion])
  assert.deepEqual([prompt.usage_source, prompt.usage_estimated], ['tokenizer', true])
  const output = await priceEvent(observation({ ...cut, completion_t: 7 }, { answer, notes }), parts)
  assert.deepEqual([output.prompt_t, output.completion_t, output.total_t], [40, 7, 47])
})

test('charges nothing for requests that never reached a provider or failed there', () => {
  for (const event of [
    { outcome: 'refused', status: 429 },
    { outcome: 'served', status: 200 },
    { outcome: 'upstream_error', status: 500 },
  ] as const) {
    const fields = priceEvent(observation({ ...event, usage_source: 'none' }), parts)
    assert.ok(!(fields instanceof Promise))
    assert.equal(fields.cost_usd, '0')
    assert.equal('total_t' in fields, false)
  }
})

test('says what a hit of the cache saved', () => {
  const hit = {
    result: 'hit',
    similarity: 1,
    model: 'gpt-4o',
    saved_prompt_tokens: 100,
    saved_completion_tokens: 50,
  }
  const served = observation(
    { outcome: 'served', usage_source: 'none' },
    { notes: { 'semantic-cache': hit } },
  )
  const fields = priceEvent(served, parts)
  assert.ok(!(fields instanceof Promise))
  assert.deepEqual([fields.cache, fields.cost_usd, fields.saved_usd], ['hit', '0', '0.0002'])
})
