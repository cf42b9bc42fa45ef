import type { OpenCause, UpstreamHealth } from './fleet.ts'

/** How one attempt ended, as far as a circuit breaker cares. */
export interface Signal {
  readonly breaker: string
  /** `cut`: the client got a part of an answer. `void`: nobody knows how it ended; only gives a probe back. */
  readonly kind: 'ok' | 'failure' | 'cut' | 'rate_limited' | 'void'
  readonly ttftMs?: number
  /** What the provider asked for with its 429. */
  readonly retryAfterMs?: number
  /** The attempt was the one request that a half-open breaker let through. */
  readonly probe?: true
}

export interface InFlightChange {
  readonly provider: string
  /** Of the request: beginning or ending twice is the same as once, and the order of the two does not matter. */
  readonly id: string
  readonly change: 'begin' | 'end'
}

export interface Changes {
  readonly signals: readonly Signal[]
  readonly inFlight: readonly InFlightChange[]
  /** APISIX upstream by provider, of the confs that this process has prepared. */
  readonly declared: Readonly<Record<string, string>>
}

export type UpstreamsDown = Readonly<Record<string, Exclude<UpstreamHealth, 'up'>>>

/** What is known of all providers at one moment. Plain JSON: it travels between processes. */
export interface Snapshot {
  /** Breakers that are not closed. `forMs`: until it lets a probe through; 0 and below: it would now. */
  readonly breakers: Readonly<Record<string, { cause: OpenCause; forMs: number }>>
  readonly ttftMs: Readonly<Record<string, number>>
  readonly inFlight: Readonly<Record<string, number>>
  /** APISIX upstreams all of whose provider's nodes fail their active check. */
  readonly upstreamsDown: UpstreamsDown
}

/**
 * What all workers and, with Redis, all instances know together. The embedded and the Redis implementation keep one
 * contract: test/contract/router-state.test.ts.
 */
export interface RouterState {
  apply(changes: Changes): Promise<void>
  snapshot(): Promise<Snapshot>
  /** Grants at most one probe at a time to a half-open breaker; any number to a closed one. */
  acquireProbe(breaker: string): Promise<boolean>
}
