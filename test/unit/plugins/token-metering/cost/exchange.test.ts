import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExchangeRates } from '../../../../../plugins/token-metering/cost/exchange.ts'
import { parseMoney } from '../../../../../plugins/token-metering/cost/money.ts'

test('changes to USD exactly and rounds half to even only at the last unit', () => {
  const rates = new ExchangeRates({ CNY: '0.1389', JPY: '0.5' })
  assert.equal(rates.toUsd(parseMoney('10'), 'CNY'), parseMoney('1.389'))
  assert.equal(rates.toUsd(1n, 'JPY'), 0n)
  assert.equal(rates.toUsd(3n, 'JPY'), 2n)
  assert.equal(rates.toUsd(-3n, 'JPY'), -2n)
})

test('leaves USD as it is and knows no rate that was not given', () => {
  const rates = new ExchangeRates()
  assert.equal(rates.toUsd(123n, 'USD'), 123n)
  assert.equal(rates.toUsd(123n, 'CNY'), null)
})

test('refuses rates that are not positive decimal numbers, and one for USD that is not 1', () => {
  for (const rate of ['0', '0.00', '-1', '1e-3', '', 'x']) {
    assert.throws(() => new ExchangeRates({ CNY: rate }), /CNY/, rate)
  }
  assert.throws(() => new ExchangeRates({ USD: '1.1' }), /USD/)
  assert.equal(new ExchangeRates({ USD: '1.00' }).toUsd(5n, 'USD'), 5n)
})
