import { divideHalfEven, type Money } from './money.ts'

const DECIMAL = /^(\d+)(?:\.(\d+))?$/

/** What one unit of a currency is worth in USD, as an exact fraction. */
interface Rate {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** Exchange rates to USD from the settings; USD itself needs none. */
export class ExchangeRates {
  readonly #rates = new Map<string, Rate>()

  /**
   * @param usdPerUnit USD for one unit of each currency, decimal strings: `{ "CNY": "0.1389" }`
   * @throws RangeError naming the currency whose rate is not a positive decimal number
   */
  constructor(usdPerUnit: Readonly<Record<string, string>> = {}) {
    for (const [currency, text] of Object.entries(usdPerUnit)) {
      const [matched, whole = '', fraction = ''] = DECIMAL.exec(text) ?? []
      const numerator = BigInt(whole + fraction)
      if (matched === undefined || numerator === 0n) {
        throw new RangeError(`exchange rate of ${currency}: must be a positive decimal number`)
      }
      if (currency === 'USD' && numerator !== 10n ** BigInt(fraction.length)) {
        throw new RangeError('exchange rate of USD: must be 1')
      }
      this.#rates.set(currency, { numerator, denominator: 10n ** BigInt(fraction.length) })
    }
  }

  /** The amount in USD, rounded half to even at the last unit of Money; null when there is no rate. */
  toUsd(amount: Money, currency: string): Money | null {
    if (currency === 'USD') return amount
    const rate = this.#rates.get(currency)
    return rate === undefined ? null : divideHalfEven(amount * rate.numerator, rate.denominator)
  }
}
