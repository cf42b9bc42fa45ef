import type { GuardEvent } from './guard-event.ts'

/** Fields left out match everything; results are the newest first. */
export interface ViolationQuery {
  readonly consumer?: string
  readonly category?: string
  readonly action?: string
  readonly direction?: string
  readonly routeId?: string
  readonly requestId?: string
  readonly fromMs?: number
  readonly toMs?: number
  readonly minScore?: number
  readonly limit: number
  readonly offset: number
}

export interface ViolationPage {
  /** Of all that match. */
  readonly total: number
  readonly events: readonly GuardEvent[]
}

/** Where violations can be looked up for a while. Methods are asynchronous: it may live in another process. */
export interface Violations {
  /** @throws when the store is away. */
  add(events: readonly GuardEvent[]): Promise<void>
  search(query: ViolationQuery): Promise<ViolationPage>
}
