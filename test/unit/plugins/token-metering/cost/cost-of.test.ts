import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { costOf } from '../../../../../plugins/token-metering/cost/cost-of.ts'
import { formatMoney, parseMoney } from '../../../../../plugins/token-metering/cost/money.ts'
import type { Price } from '../../../../../plugins/token-metering/cost/price.ts'
import { PriceTable } from '../../../../../plugins/token-metering/cost/price-table.ts'

function priced(per_million: object, tiers?: object[]): Price {
  const entry = { models: ['m'], currency: 'USD', valid_from: '2026-01-01', per_million, source: 'test' }
  const table = PriceTable.parse({ prices: [tiers === undefined ? entry : { ...entry, tiers }] })
  const price = table.priceOf('p', 'm', new Date('2026-06-01'))
  assert.ok(price)
  return price
}

const FULL = priced({
  input: '3',
  cached_input: '0.3',
  cache_write: '3.75',
  output: '15',
  reasoning: '20',
  audio_input: '40',
  audio_output: '80',
})

test('charges each kind of token once', () => {
  const usage = {
    promptTokens: 1000,
    completionTokens: 500,
    totalTokens: 1500,
    cachedTokens: 400,
    cacheWriteTokens: 100,
    reasoningTokens: 200,
    audioInputTokens: 50,
    audioOutputTokens: 30,
  }
  const { amount, breakdown, currency, clamps } = costOf(usage, FULL)
  assert.deepEqual(
    Object.fromEntries(Object.entries(breakdown).map(([kind, money]) => [kind, formatMoney(money)])),
    {
      input: '0.00135',
      cachedInput: '0.00012',
      cacheWrite: '0.000375',
      output: '0.00405',
      reasoning: '0.004',
      audioInput: '0.002',
      audioOutput: '0.0024',
    },
  )
  assert.equal(formatMoney(amount), '0.014295')
  assert.deepEqual([currency, clamps], ['USD', 0])
})

test('is exact where binary fractions are not', () => {
  const price = priced({ input: '0.1', output: '0.2' })
  const { amount } = costOf({ promptTokens: 3, completionTokens: 3 }, price)
  assert.equal(amount, parseMoney('0.0000009'))
})

test('charges all tokens of a long prompt by its tier', () => {
  const price = priced({ input: '1', output: '2' }, [
    { above_prompt_tokens: 100, per_million: { input: '2', output: '4' } },
    { above_prompt_tokens: 1000, per_million: { input: '3', output: '6' } },
  ])
  const amount = (promptTokens: number) => costOf({ promptTokens, completionTokens: 10 }, price).amount
  assert.equal(amount(100), parseMoney('0.00012'))
  assert.equal(amount(101), parseMoney('0.000242'))
  assert.equal(amount(1001), parseMoney('0.003063'))
})

test('counts what cannot be true and never charges less than nothing', () => {
  const count = fc.oneof(
    fc.nat(1000),
    fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60),
  )
  const part = fc.option(count, { nil: undefined })
  fc.assert(
    fc.property(count, count, part, part, part, part, (promptTokens, completionTokens, ...parts) => {
      const [cachedTokens, cacheWriteTokens, reasoningTokens, audioInputTokens] = parts
      const usage = {
        promptTokens,
        completionTokens,
        cachedTokens,
        cacheWriteTokens,
        reasoningTokens,
        audioInputTokens,
      }
      const { amount, breakdown } = costOf(usage, FULL)
      assert.ok(Object.values(breakdown).every((money) => money >= 0n))
      assert.equal(
        Object.values(breakdown).reduce((sum, money) => sum + money, 0n),
        amount,
      )
    }),
  )
  assert.equal(costOf({ promptTokens: 10, completionTokens: 1, cachedTokens: 11 }, FULL).clamps, 1)
  assert.equal(costOf({ promptTokens: -1, completionTokens: 0.5 }, FULL).clamps, 2)
})

const usages = fc
  .tuple(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), fc.nat(1e9), fc.nat(1e9))
  .map(([input, cachedTokens, cacheWriteTokens, output, reasoningTokens]) => ({
    promptTokens: input + cachedTokens + cacheWriteTokens,
    completionTokens: output + reasoningTokens,
    cachedTokens,
    cacheWriteTokens,
    reasoningTokens,
  }))

const prices = fc
  .array(fc.nat(999_999_999), { minLength: 5, maxLength: 5 })
  .map((micros) =>
    micros.map((micro) => `${Math.floor(micro / 1e6)}.${String(micro % 1e6).padStart(6, '0')}`),
  )
  .map(([input, cached_input, cache_write, output, reasoning]) =>
    priced({ input, cached_input, cache_write, output, reasoning }),
  )

test('costs for a sum of usage what its parts cost, in any order and grouping', () => {
  fc.assert(
    fc.property(prices, fc.array(usages, { minLength: 2, maxLength: 6 }), (price, parts) => {
      const amounts = parts.map((usage) => costOf(usage, price).amount)
      const sum = amounts.reduce((a, b) => a + b)
      assert.equal(
        amounts.reduceRight((b, a) => a + b),
        sum,
      )
      assert.equal(costOf(parts.reduce(added), price).amount, sum)
      assert.equal(parseMoney(formatMoney(sum)), sum)
    }),
    { numRuns: 200 },
  )
})

type Counts = typeof usages extends fc.Arbitrary<infer T> ? T : never

function added(a: Counts, b: Counts): Counts {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}

test('has no floating-point arithmetic on money anywhere in its folder', () => {
  const folder = new URL('../../../../../plugins/token-metering/cost/', import.meta.url)
  for (const file of readdirSync(folder)) {
    const code = readFileSync(new URL(file, folder), 'utf8')
    assert.doesNotMatch(
      code,
      /parseFloat|toFixed|Number\((?!a\.|b\.|hours|minutes)|\d\.\d+(?!\.)\s*[*/+-]/,
      file,
    )
  }
})
