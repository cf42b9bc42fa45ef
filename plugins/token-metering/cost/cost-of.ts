import type { Money } from './money.ts'
import type { Price, Rates } from './price.ts'

/** Tokens of one request as the usage event has them. */
export interface TokenUsage {
  /** All input, cached, cache-write and audio tokens included. */
  readonly promptTokens: number
  /** All output, reasoning and audio tokens included. */
  readonly completionTokens: number
  readonly totalTokens?: number | undefined
  readonly cachedTokens?: number | undefined
  readonly cacheWriteTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
  readonly audioInputTokens?: number | undefined
  readonly audioOutputTokens?: number | undefined
}

export interface Cost {
  readonly amount: Money
  readonly currency: string
  /** Money by kind of token; the kinds add up to `amount`. */
  readonly breakdown: Rates
  /**
   * Token counts that could not be true (negative, fractional, parts larger than the whole) and were cut to what can
   * be: an error of the provider or of the reader, to be counted and looked into. 0 for sound usage.
   */
  readonly clamps: number
}

/** What the usage costs, exactly. For one price without tiers the cost of a sum is the sum of the costs. */
export function costOf(usage: TokenUsage, price: Price): Cost {
  let clamps = 0
  const within = (tokens: number | undefined, limit: bigint | undefined): bigint => {
    if (tokens === undefined) return 0n
    if (!Number.isSafeInteger(tokens) || tokens < 0) {
      clamps++
      return 0n
    }
    const count = BigInt(tokens)
    if (limit === undefined || count <= limit) return count
    clamps++
    return limit
  }

  const prompt = within(usage.promptTokens, undefined)
  const cached = within(usage.cachedTokens, prompt)
  const cacheWrite = within(usage.cacheWriteTokens, prompt - cached)
  const audioInput = within(usage.audioInputTokens, prompt - cached - cacheWrite)
  const completion = within(usage.completionTokens, undefined)
  const audioOutput = within(usage.audioOutputTokens, completion)
  const reasoning = within(usage.reasoningTokens, completion - audioOutput)

  const rates = ratesFor(price, prompt)
  const breakdown: Rates = {
    input: (prompt - cached - cacheWrite - audioInput) * rates.input,
    cachedInput: cached * rates.cachedInput,
    cacheWrite: cacheWrite * rates.cacheWrite,
    output: (completion - reasoning - audioOutput) * rates.output,
    reasoning: reasoning * rates.reasoning,
    audioInput: audioInput * rates.audioInput,
    audioOutput: audioOutput * rates.audioOutput,
  }
  const amount = Object.values(breakdown).reduce((sum: Money, part: Money) => sum + part, 0n)
  return { amount, currency: price.currency, breakdown, clamps }
}

/** The rates that a prompt of this size has. */
export function ratesFor(price: Price, promptTokens: bigint): Rates {
  const tier = price.tiers.find(({ abovePromptTokens }) => promptTokens > BigInt(abovePromptTokens))
  return tier?.rates ?? price.rates
}
