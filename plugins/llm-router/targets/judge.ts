import type { FallbackReason, FleetView } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'

/** What is known of a candidate now. */
export interface Judgement {
  /**
   * `ready`; `probe`: if the breaker grants one; `doubtful`: only when there is nothing better (a rate limit, a failed
   * active check); `blocked`: its breaker is open, or APISIX would not ask it.
   */
  readonly standing: 'ready' | 'probe' | 'doubtful' | 'blocked'
  /** Why the next one is a fallback when this one is passed over. */
  readonly reason: FallbackReason
  readonly retryAfterMs: number
}

/** When an active check may have found the provider well again: APISIX does not say when it looks. */
const SKIPPED_RETRY_MS = 5_000

const READY: Judgement = { standing: 'ready', reason: 'primary_unavailable', retryAfterMs: 0 }
const PROBE: Judgement = { ...READY, standing: 'probe' }
const DOWN: Judgement = { ...READY, standing: 'doubtful' }
const SKIPPED: Judgement = { ...READY, standing: 'blocked', retryAfterMs: SKIPPED_RETRY_MS }

export function judge({ breaker, provider }: Candidate, fleet: FleetView): Judgement {
  const health = fleet.upstreamHealth(provider.upstreamId)
  if (health === 'skipped') return SKIPPED
  const standing = fleet.standing(breaker)
  if (standing.state === 'open') {
    return standing.cause === 'rate_limited'
      ? { standing: 'doubtful', reason: 'rate_limited', retryAfterMs: standing.forMs }
      : { standing: 'blocked', reason: 'primary_unavailable', retryAfterMs: standing.forMs }
  }
  if (health === 'down') return DOWN
  return standing.state === 'half_open' ? PROBE : READY
}
