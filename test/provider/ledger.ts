import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Api } from './call.ts'

/** One call as the provider saw, answered and billed it. Token numbers are the bill, not what the wire said. */
export interface LedgerEntry {
  id: string
  /** Unix milliseconds. */
  time: number
  provider: string
  method: string
  /** With its query. */
  path: string
  api: Api | 'unknown'
  model: string
  stream: boolean
  /** The status sent; 0 while nothing was sent. */
  status: number
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cachedTokens: number
  /** Body bytes handed to the connection. */
  bytesSent: number
  /** Content chunks of a stream. */
  chunksSent: number
  /** `client_gone`: the client closed the connection before the answer was complete. */
  outcome: 'open' | 'finished' | 'cut' | 'client_gone'
  /** The key the call came with: the last four characters and a SHA-256 of the bare key. */
  credential: { header: string; last4: string; sha256: string } | null
  headers: IncomingHttpHeaders
  /** Names and values in turn, as received: shows repeated headers too. */
  rawHeaders: string[]
  /** Parsed JSON; the text itself when it is none. */
  body: unknown
}

/** Sums over all calls since the start or the last clear, also over those that the ledger no longer holds. */
export interface LedgerTotals {
  calls: number
  promptTokens: number
  completionTokens: number
  totalTokens: number
}

/** The provider's books. Holds at least the newest `size` calls; the totals cover all. */
export class Ledger {
  readonly #size: number
  #entries: LedgerEntry[] = []
  #open = new Set<LedgerEntry>()
  #calls = 0
  #settledTokens = { prompt: 0, completion: 0 }
  #waiting: (() => void)[] = []
  /** `GET .../models` and health checks, which are no calls. */
  probes = 0

  constructor(size: number) {
    this.#size = size
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  get last(): LedgerEntry | undefined {
    return this.#entries.at(-1)
  }

  get totals(): LedgerTotals {
    let { prompt, completion } = this.#settledTokens
    for (const entry of this.#open) {
      prompt += entry.promptTokens
      completion += entry.completionTokens
    }
    const totalTokens = prompt + completion
    return { calls: this.#calls, promptTokens: prompt, completionTokens: completion, totalTokens }
  }

  open(entry: LedgerEntry): void {
    this.#calls++
    this.#open.add(entry)
    this.#entries.push(entry)
    if (this.#entries.length > 2 * this.#size) this.#entries = this.#entries.slice(-this.#size || Infinity)
  }

  settle(entry: LedgerEntry, outcome: 'finished' | 'cut' | 'client_gone'): void {
    if (!this.#open.delete(entry)) return
    entry.outcome = outcome
    this.#settledTokens.prompt += entry.promptTokens
    this.#settledTokens.completion += entry.completionTokens
    this.#wake()
  }

  /** Resolves when no call is open: the bill is final. */
  settled(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Forgets all calls, also those still open. */
  clear(): void {
    this.#entries = []
    this.#open.clear()
    this.#calls = 0
    this.#settledTokens = { prompt: 0, completion: 0 }
    this.probes = 0
    this.#wake()
  }

  #wake(): void {
    if (this.#open.size === 0) for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Which key a call came with, from `Authorization`, Anthropic's `x-api-key` or Azure's `api-key`. */
export function credentialOf(headers: IncomingHttpHeaders): LedgerEntry['credential'] {
  for (const header of ['authorization', 'x-api-key', 'api-key']) {
    const value = headers[header]
    if (typeof value !== 'string') continue
    const key = bareKey(value)
    return { header, last4: key.slice(-4), sha256: createHash('sha256').update(key).digest('hex') }
  }
  return null
}

export function bareKey(value: string): string {
  return value.replace(/^Bearer\s+/i, '')
}
