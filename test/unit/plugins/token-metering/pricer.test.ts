import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExchangeRates } from '../../../../plugins/token-metering/cost/exchange.ts'
import { PriceTable } from '../../../../plugins/token-metering/cost/price-table.ts'
import { EventPricer, moneyOf } from '../../../../plugins/token-metering/pricer.ts'
import type { UsageEvent } from '../../../../runner/plugin.ts'
import { usageEntry } from '../../../support/usage-entry.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

function pricer(rates: Record<string, string> = {}) {
  const entry = (model: string, currency: string) => ({
    ...{ models: [model], provider: 'openai', currency, valid_from: '2020-01-01', source: 'test' },
    per_million: { input: '1', output: '2', cached_input: '0.5', audio_input: '10', audio_output: '20' },
  })
  const table = PriceTable.parse({ prices: [entry('gpt-audio', 'USD'), entry('qwen-audio', 'CNY')] })
  const unpriced: (string | null)[] = []
  const report = { unpriced: ({ model }: UsageEvent) => void unpriced.push(model), clamped: () => {} }
  return { pricer: new EventPricer(table, new ExchangeRates(rates), report), unpriced }
}

function event(more: Partial<UsageEvent> = {}): UsageEvent {
  const fields = { who: 'a', id: 'r', prompt: 100, completion: 50, atMs: NOON, model: 'gpt-audio' }
  return { ...usageEntry(fields).event, ...more }
}

test('charges audio at its own price', () => {
  const { cost, cost_usd } = pricer().pricer.cost(event({ audio_prompt_t: 40, audio_completion_t: 30 }))
  // 60 + 20 x 2 text, 40 x 10 + 30 x 20 audio, in millionths of a dollar
  assert.equal(cost_usd, '0.0011')
  assert.equal(cost, '0.0011')
})

test('prices an event without a provider by its model', () => {
  assert.equal(pricer().pricer.cost(event({ provider: null })).cost_usd, '0.0002')
})

test('an unknown model has no cost and is reported, a request that used nothing costs nothing', () => {
  const own = pricer()
  const none = { cost: null, cost_usd: null, currency: null }
  assert.deepEqual(own.pricer.cost(event({ model: 'unheard-of' })), none)
  assert.deepEqual(own.unpriced, ['unheard-of'])
  assert.equal(own.pricer.cost(event({ model: 'unheard-of', usage_source: 'none' })).cost_usd, '0')
  assert.deepEqual(own.unpriced, ['unheard-of'])
  assert.equal(moneyOf(event({ cost_usd: null })), 0n)
})

test('has no dollars where there is no rate, and the exact amount where there is', () => {
  const chinese = event({ model: 'qwen-audio' })
  assert.deepEqual(pricer().pricer.cost(chinese), { cost: '0.0002', cost_usd: null, currency: 'CNY' })
  assert.equal(pricer({ CNY: '0.1389' }).pricer.cost(chinese).cost_usd, '0.00002778')
})

test('expects of a request what its event would cost', () => {
  const { pricer: own } = pricer({ CNY: '0.1389' })
  for (const model of ['gpt-audio', 'qwen-audio']) {
    assert.equal(
      own.expected('openai', model, 100, 50, NOON),
      moneyOf({ ...event({ model }), ...own.cost(event({ model })) }),
    )
  }
  assert.equal(own.expected('openai', 'unheard-of', 100, 50, NOON), 0n)
})
