import type { LedgerEntry } from '../provider/ledger.ts'
import type { Provider } from '../provider/provider.ts'

/** What one request cost, by the provider's own books. */
export interface Bill {
  calls: number
  promptTokens: number
  completionTokens: number
  picoUsd: bigint
  /** For a report of what is wrong. */
  story: string
}

/** Per million tokens, in 1e-12 USD a token; written down here a second time, so that the runner's sums are checked. */
const PRICES = {
  input: 2_500_000n,
  cachedInput: 1_250_000n,
  output: 10_000_000n,
  reasoning: 12_345_678n,
} as const

export const PRICE_OVERRIDES = [
  {
    models: ['*'],
    currency: 'USD',
    valid_from: '2020-01-01',
    per_million: { input: '2.5', cached_input: '1.25', output: '10', reasoning: '12.345678' },
    source: 'test',
  },
]

/** Copies the books while the traffic runs: a provider keeps its newest calls only. */
export class Books {
  readonly #providers: readonly Provider[]
  readonly #entries = new Map<LedgerEntry, true>()

  constructor(providers: readonly Provider[]) {
    this.#providers = providers
  }

  copy(): void {
    for (const provider of this.#providers) {
      for (const entry of provider.ledger.entries) this.#entries.set(entry, true)
    }
  }

  get calls(): number {
    return this.#entries.size
  }

  /** By the runner's request id, which every call carries. */
  byRequest(reasoningOf: (entry: LedgerEntry) => number): Map<string, Bill> {
    const bills = new Map<string, Bill>()
    for (const entry of this.#entries.keys()) {
      const id = String(entry.headers['x-request-id'])
      const bill = bills.get(id) ?? { calls: 0, promptTokens: 0, completionTokens: 0, picoUsd: 0n, story: '' }
      const reasoning = entry.completionTokens === 0 ? 0 : reasoningOf(entry)
      bill.calls++
      bill.story += `${new Date(entry.time).toISOString()} ${entry.provider} ${entry.path} ${entry.status} ${entry.outcome} stream ${entry.stream}; `
      bill.promptTokens += entry.promptTokens
      bill.completionTokens += entry.completionTokens
      bill.picoUsd +=
        BigInt(entry.promptTokens - entry.cachedTokens) * PRICES.input +
        BigInt(entry.cachedTokens) * PRICES.cachedInput +
        BigInt(entry.completionTokens - reasoning) * PRICES.output +
        BigInt(reasoning) * PRICES.reasoning
      bills.set(id, bill)
    }
    return bills
  }
}

/** The share of the output that the request's own script declares as reasoning. */
export function scriptedReasoning(entry: LedgerEntry): number {
  const script = entry.headers['x-scripted']
  if (typeof script !== 'string' || entry.api !== 'chat') return 0
  const behaviours = [JSON.parse(script)].flat() as { reasoning_tokens?: number }[]
  return behaviours[0]?.reasoning_tokens ?? 0
}
