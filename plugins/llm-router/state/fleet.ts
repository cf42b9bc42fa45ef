/** Why a target is not the first choice's: values of `X-Fallback-Reason` and of `fallback_reason` in usage events. */
export type FallbackReason = 'primary_unavailable' | 'rate_limited' | 'queue_full' | 'context_length'

/** Why a breaker is open. `cuts`: it answers, and breaks off so many answers that any other provider is better. */
export type OpenCause = 'failures' | 'cuts' | 'rate_limited'

/** What a circuit breaker says of one target now. */
export type Standing =
  | { readonly state: 'closed' }
  /** Only one request at a time may try it; see `acquireProbe`. */
  | { readonly state: 'half_open'; readonly cause: OpenCause }
  | { readonly state: 'open'; readonly cause: OpenCause; readonly forMs: number }

/**
 * What APISIX's active check says of an upstream. `down`: every node of the provider is unhealthy, yet APISIX would ask
 * it, having nobody else; `skipped`: it would not, since the way back to its failover listener is well.
 */
export type UpstreamHealth = 'up' | 'down' | 'skipped'

/** What is known of the providers while one request is decided: a picture in memory, never a question to a store. */
export interface FleetView {
  standing(breaker: string): Standing
  upstreamHealth(upstream: string): UpstreamHealth
  inFlight(provider: string): number
  /** Time to the first byte, decayed average; undefined: not seen lately. */
  ttftMs(breaker: string): number | undefined
}
