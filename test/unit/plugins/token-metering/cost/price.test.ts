import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileEntry } from '../../../../../plugins/token-metering/cost/price.ts'
import type { PriceEntry } from '../../../../../plugins/token-metering/cost/price-file.ts'

const ENTRY: PriceEntry = {
  models: ['m', 'm-*'],
  currency: 'USD',
  valid_from: '2026-01-01',
  per_million: { input: '2.5', output: '10' },
  source: 'test',
}

test('fills in the prices that the entry leaves out', () => {
  const { rules } = compileEntry(ENTRY)
  assert.equal(rules.length, 2)
  assert.deepEqual(rules[0]?.price.rates, {
    input: 2_500_000n,
    cachedInput: 2_500_000n,
    cacheWrite: 2_500_000n,
    output: 10_000_000n,
    reasoning: 10_000_000n,
    audioInput: 2_500_000n,
    audioOutput: 10_000_000n,
  })
})

test('keeps six decimals of a price exactly', () => {
  const { rules } = compileEntry({ ...ENTRY, per_million: { input: '0.003625', output: '0.000001' } })
  assert.equal(rules[0]?.price.rates.input, 3_625n)
  assert.equal(rules[0]?.price.rates.output, 1n)
})

test('holds from the first instant to before the last', () => {
  const { rules } = compileEntry({ ...ENTRY, valid_to: '2026-02-01T12:00:00Z' })
  const holds = (at: string) => rules[0]?.holdsAt(new Date(at))
  assert.equal(holds('2025-12-31T23:59:59.999Z'), false)
  assert.equal(holds('2026-01-01T00:00:00Z'), true)
  assert.equal(holds('2026-02-01T11:59:59Z'), true)
  assert.equal(holds('2026-02-01T12:00:00Z'), false)
  assert.equal(holds('not a date'), false)
})

test('holds in its hours of its weekdays only, in UTC', () => {
  const { rules } = compileEntry({
    ...ENTRY,
    hours: { weekdays: [1, 7], utc: ['01:00-04:00', '23:30-24:00'] },
  })
  const holds = (at: string) => rules[0]?.holdsAt(new Date(at))
  assert.equal(holds('2026-11-23T01:00:00Z'), true)
  assert.equal(holds('2026-11-23T03:59:59Z'), true)
  assert.equal(holds('2026-11-23T04:00:00Z'), false)
  assert.equal(holds('2026-11-22T23:59:59Z'), true)
  assert.equal(holds('2026-11-24T02:00:00Z'), false)
})

test('names dates that do not exist, and ranges and tiers that make no sense', () => {
  const problems = (entry: Partial<PriceEntry>) => compileEntry({ ...ENTRY, ...entry }).problems
  assert.deepEqual(problems({ valid_from: '2026-02-30' }), ['/valid_from: no such date'])
  assert.deepEqual(problems({ valid_to: '2025-01-01' }), ['/valid_to: must be after valid_from'])
  assert.deepEqual(problems({ hours: { utc: ['04:00-01:00'] } }), [
    '/hours/utc: a span must end after it starts',
  ])
  const tier = { above_prompt_tokens: 10, per_million: ENTRY.per_million }
  assert.deepEqual(problems({ tiers: [tier, tier] }), ['/tiers: two tiers have the same threshold'])
  assert.deepEqual(problems({}), [])
})
