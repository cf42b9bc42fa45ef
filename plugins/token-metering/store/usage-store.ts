import type { UsageEvent } from '../../../runner/plugin.ts'
import type { LimitName, Limits } from '../limits.ts'

/**
 * Quotas and counters of consumers. Reserve before the call, settle by committing its event: whatever is reserved and
 * not settled expires by itself. Methods may be asynchronous, so that one store can serve several processes; a store in
 * the same memory answers a request at once, which spares it a promise and a timer.
 */
export interface UsageStore {
  /**
   * Takes the tokens out of every quota at once, or none. A request that is reserved already (a later pass of the same
   * request) takes the place of its first reservation.
   */
  reserve(request: Reservation): ReserveResult | Promise<ReserveResult>
  /** The request will not happen: a later plugin stopped it. */
  release(consumer: string, requestId: string): void | Promise<void>
  /** Durable: when it settles, each event is counted once, and its reservation is replaced by what was really used. */
  commit(entries: readonly CommitEntry[]): Promise<readonly CommitOutcome[]>
  /** Totals of one consumer and day (`yyyy-mm-dd`). */
  usage(consumer: string, day: string): Promise<UsageTotals>
  close(): Promise<void>
}

export type CommitOutcome = 'new' | 'duplicate'

export interface Reservation {
  readonly requestId: string
  readonly consumer: string
  /** Prompt tokens and the part of the completion that is reserved. */
  readonly tokens: number
  /** Expected cost in units of 1e-12 USD. */
  readonly picoUsd: bigint
  readonly limits: Limits
  readonly day: string
  readonly month: string
  readonly nowMs: number
  /** When the reservation expires if nothing settles it. */
  readonly expiresMs: number
}

export interface Remaining {
  readonly requests: number | null
  readonly tokens: number | null
  /** Until the quota that `tokens` tells of is full again, as OpenAI's headers mean it. */
  readonly tokensResetMs: number
  /** The same for `requests`; both windows are empty by then. */
  readonly requestsResetMs: number
}

export type ReserveResult =
  | { readonly allowed: true; readonly remaining: Remaining }
  | {
      readonly allowed: false
      readonly exceeded: LimitName
      readonly retryAfterMs: number
      readonly remaining: Remaining
    }

export interface CommitEntry {
  readonly event: UsageEvent
  readonly consumer: string
  /** Of the event's time, in the time zone of the settings. */
  readonly day: string
  readonly month: string
  /** 1e-12 USD; 0 when the cost is not known. */
  readonly picoUsd: bigint
}

export interface UsageTotals {
  readonly requests: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
  readonly picoUsd: bigint
}

/** Events without a consumer (no authentication) are counted together. */
export const ANONYMOUS = 'anonymous'
