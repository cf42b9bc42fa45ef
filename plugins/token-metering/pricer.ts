import type { UsageEvent, UsageFields } from '../../runner/plugin.ts'
import type { CacheNote } from '../semantic-cache/note.ts'
import { type Cost, costOf, ratesFor } from './cost/cost-of.ts'
import type { ExchangeRates } from './cost/exchange.ts'
import { formatMoney, type Money, parseMoney } from './cost/money.ts'
import type { PriceTable } from './cost/price-table.ts'

export interface PricerReport {
  unpriced(event: UsageEvent): void
  clamped(count: number): void
}

/** Exact money for events. A model without a price is not free: its cost is null, counted and reported. */
export class EventPricer {
  readonly #prices: PriceTable
  readonly #rates: ExchangeRates
  readonly #report: PricerReport

  constructor(prices: PriceTable, rates: ExchangeRates, report: PricerReport) {
    this.#prices = prices
    this.#rates = rates
    this.#report = report
  }

  cost(event: UsageEvent): Pick<UsageFields, 'cost' | 'cost_usd' | 'currency'> {
    if (event.usage_source === 'none') return { cost: '0', cost_usd: '0', currency: 'USD' }
    const cost = this.#costOf(event, event.model ?? '', {
      promptTokens: event.prompt_t,
      completionTokens: event.completion_t,
      cachedTokens: event.cached_t,
      cacheWriteTokens: event.cache_write_t,
      reasoningTokens: event.reasoning_t,
      audioInputTokens: event.audio_prompt_t,
      audioOutputTokens: event.audio_completion_t,
    })
    if (!cost) {
      this.#report.unpriced(event)
      return { cost: null, cost_usd: null, currency: null }
    }
    if (cost.clamps > 0) this.#report.clamped(cost.clamps)
    return { cost: formatMoney(cost.amount), cost_usd: this.#usd(cost), currency: cost.currency }
  }

  /** What the provider would have charged for the answer that the cache gave. */
  saved(event: UsageEvent, hit: Extract<CacheNote, { result: 'hit' }>): string | null {
    const usage = { promptTokens: hit.saved_prompt_tokens, completionTokens: hit.saved_completion_tokens }
    const cost = this.#costOf(event, event.model ?? hit.model, usage)
    return cost ? this.#usd(cost) : null
  }

  /**
   * Expected cost of a request before it is sent, for money quotas. 0 when the model has no price. Tokens must be whole
   * numbers.
   */
  expected(
    provider: string,
    model: string,
    promptTokens: number,
    completionTokens: number,
    nowMs: number,
  ): Money {
    const price = this.#prices.priceOf(provider, model, new Date(nowMs))
    if (!price) return 0n
    const prompt = BigInt(promptTokens)
    const { input, output } = ratesFor(price, prompt)
    return this.#rates.toUsd(prompt * input + BigInt(completionTokens) * output, price.currency) ?? 0n
  }

  #costOf(event: UsageEvent, model: string, usage: Parameters<typeof costOf>[0]): Cost | undefined {
    const price = this.#prices.priceOf(event.provider ?? '', model, new Date(event.timestamp_ms))
    return price && costOf(usage, price)
  }

  #usd({ amount, currency }: Cost): string | null {
    const usd = this.#rates.toUsd(amount, currency)
    return usd === null ? null : formatMoney(usd)
  }
}

/** What an event adds to money counters; an unknown cost adds nothing and is reported where it arises. */
export function moneyOf(event: UsageEvent): Money {
  return event.cost_usd === null ? 0n : parseMoney(event.cost_usd)
}
