/**
 * Money is a bigint in units of 1e-12 of its currency. A price per million tokens with up to six decimals is then a
 * whole number of units per token, so cost and sums of cost are exact; nothing rounds but exchange and display.
 */
export type Money = bigint

const MONEY_DECIMALS = 12

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/**
 * `text` times 10^decimals, exactly.
 * @throws RangeError when it is not a plain decimal number (no exponent, no plus) or has too many decimals
 */
export function parseScaled(text: string, decimals: number): bigint {
  const match = DECIMAL.exec(text)
  const [, sign = '', whole = '', fraction = ''] = match ?? []
  if (match === null) throw new RangeError('not a decimal number')
  if (fraction.length > decimals) throw new RangeError(`more than ${decimals} decimals`)
  const digits = BigInt(whole + fraction.padEnd(decimals, '0'))
  return sign === '-' ? -digits : digits
}

/** @throws RangeError as `parseScaled` does */
export function parseMoney(text: string): Money {
  return parseScaled(text, MONEY_DECIMALS)
}

/**
 * As a decimal string: exact and without trailing zeros, or with exactly so many `decimals`, rounded half to even.
 * Never has an exponent or a separator; zero is `0`.
 */
export function formatMoney(amount: Money, decimals?: number): string {
  const kept = decimals ?? MONEY_DECIMALS
  const rounded = divideHalfEven(amount, 10n ** BigInt(Math.max(0, MONEY_DECIMALS - kept)))
  const scale = Math.min(kept, MONEY_DECIMALS)
  const digits = magnitude(rounded)
    .toString()
    .padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const exact = digits.slice(digits.length - scale)
  const fraction = decimals === undefined ? exact.replace(/0+$/, '') : exact.padEnd(decimals, '0')
  const text = fraction === '' ? whole : `${whole}.${fraction}`
  return rounded < 0n ? `-${text}` : text
}

/** The quotient rounded to the nearest integer, ties to the even one. The divisor must be positive. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const twice = 2n * magnitude(dividend % divisor)
  if (twice < divisor || (twice === divisor && quotient % 2n === 0n)) return quotient
  return dividend < 0n ? quotient - 1n : quotient + 1n
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
