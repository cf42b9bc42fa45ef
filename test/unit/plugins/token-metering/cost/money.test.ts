import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  divideHalfEven,
  formatMoney,
  parseMoney,
  parseScaled,
} from '../../../../../plugins/token-metering/cost/money.ts'

test('reads decimal strings exactly', () => {
  assert.equal(parseMoney('0'), 0n)
  assert.equal(parseMoney('12.5'), 12_500_000_000_000n)
  assert.equal(parseMoney('-0.000000000001'), -1n)
  assert.equal(parseScaled('0.075', 6), 75_000n)
})

test('refuses what is not a plain decimal number', () => {
  for (const text of ['', '.5', '5.', '1e3', '+1', ' 1', '1,5', 'NaN', '0x1', '--1', '0.0000000000001']) {
    assert.throws(() => parseMoney(text), RangeError, text)
  }
})

test('writes what it reads', () => {
  fc.assert(fc.property(fc.bigInt(), (amount) => assert.equal(parseMoney(formatMoney(amount)), amount)))
})

test('writes exact amounts without trailing zeros and never with an exponent', () => {
  assert.equal(formatMoney(0n), '0')
  assert.equal(formatMoney(1n), '0.000000000001')
  assert.equal(formatMoney(-1_500_000_000_000n), '-1.5')
  assert.equal(formatMoney(10n ** 40n), `1${'0'.repeat(28)}`)
})

test('rounds half to even for display', () => {
  assert.equal(formatMoney(parseMoney('0.125'), 2), '0.12')
  assert.equal(formatMoney(parseMoney('0.135'), 2), '0.14')
  assert.equal(formatMoney(parseMoney('-0.135'), 2), '-0.14')
  assert.equal(formatMoney(parseMoney('0.004'), 2), '0.00')
  assert.equal(formatMoney(parseMoney('-0.004'), 2), '0.00')
  assert.equal(formatMoney(parseMoney('2.5'), 0), '2')
  assert.equal(formatMoney(parseMoney('3'), 2), '3.00')
  assert.equal(formatMoney(1n, 14), '0.00000000000100')
})

test('divides to the nearest integer, ties to the even one', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 1000n }), (dividend, divisor) => {
      const quotient = divideHalfEven(dividend, divisor)
      const twiceOff = 2n * (dividend - quotient * divisor)
      const off = twiceOff < 0n ? -twiceOff : twiceOff
      assert.ok(off < divisor || (off === divisor && quotient % 2n === 0n))
    }),
  )
})
