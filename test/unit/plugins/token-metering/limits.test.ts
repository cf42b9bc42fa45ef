import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitsSchema, limitsOf, tiersWithoutLimits } from '../../../../plugins/token-metering/limits.ts'
import { compileValidator } from '../../../../runner/validate.ts'

const isLimits = compileValidator(LimitsSchema)

test('takes no limit that Redis would write with an exponent, or that is no exact amount', () => {
  for (const limits of [
    { tokens_per_day: 1e16 },
    { tokens_per_minute: -1 },
    { requests_per_minute: 1.5 },
    { usd_per_day: '1'.repeat(13) },
    { usd_per_day: '1e3' },
    { usd_per_month: '0.0000000000001' },
    { usd_per_month: 10 },
  ]) {
    assert.equal(isLimits(limits).ok, false, JSON.stringify(limits))
  }
  assert.ok(isLimits({ tokens_per_day: 1e15, concurrent_requests: 0, usd_per_day: '999999999999.5' }).ok)
})

test('a consumer’s own limits win over those of its tier one by one, and names of Object are nobody’s', () => {
  const conf = {
    tiers: { basic: { tokens_per_day: 10, requests_per_minute: 5 } },
    consumer_limits: { a: { tokens_per_day: 99 } },
  }
  assert.deepEqual(limitsOf(conf, 'a', 'basic'), { tokens_per_day: 99, requests_per_minute: 5 })
  assert.deepEqual(limitsOf(conf, 'constructor', 'basic'), conf.tiers.basic)
  assert.deepEqual(limitsOf(conf, 'b', 'toString'), {})
})

test('names the tiers that a conf with limits says nothing of', () => {
  const tiers = { basic: { tokens_per_day: 10 }, internal: {} }
  const consumers = { a: 'basic', b: 'internal', c: 'premimum', d: 'premimum', e: 'toString' }
  assert.deepEqual(tiersWithoutLimits({ tiers, consumers, default_tier: 'basic' }), ['premimum', 'toString'])
  assert.deepEqual(tiersWithoutLimits({ tiers, consumers: {}, default_tier: 'free' }), ['free'])
  assert.deepEqual(tiersWithoutLimits({ tiers: {}, consumers, default_tier: 'free' }), [])
})
