import type { FallbackReason, FleetView, OpenCause } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'

/** What is known of a candidate now. */
export interface Judgement {
  /** `probe`: if the breaker grants one. `blocked`: its breaker is open, or a check says that it is down. */
  readonly standing: 'ready' | 'probe' | 'blocked'
  /** It answers, if badly, or may do so: better than a refusal when nothing else is there. */
  readonly isLastResort: boolean
  /** Why the next one is a fallback when this one is passed over. */
  readonly reason: FallbackReason
  readonly retryAfterMs: number
}

/** When an active check may have found the provider well again: APISIX does not say when it looks. */
const SKIPPED_RETRY_MS = 5_000

const READY: Judgement = {
  standing: 'ready',
  isLastResort: false,
  reason: 'primary_unavailable',
  retryAfterMs: 0,
}
const DOWN: Judgement = { ...READY, standing: 'blocked', isLastResort: true }
/** APISIX would not ask it, only its own way back. */
const SKIPPED: Judgement = { ...READY, standing: 'blocked', retryAfterMs: SKIPPED_RETRY_MS }

export function judge({ breaker, provider }: Candidate, fleet: FleetView): Judgement {
  const health = fleet.upstreamHealth(provider.upstreamId)
  if (health === 'skipped') return SKIPPED
  const standing = fleet.standing(breaker)
  if (standing.state === 'open') return notNow('blocked', standing.cause, standing.forMs)
  if (health === 'down') return DOWN
  return standing.state === 'half_open' ? notNow('probe', standing.cause, 0) : READY
}

/** A rate limit or cut answers say that the provider is there; failures do not. */
function notNow(standing: Judgement['standing'], cause: OpenCause, retryAfterMs: number): Judgement {
  const reason = cause === 'rate_limited' ? 'rate_limited' : 'primary_unavailable'
  return { standing, isLastResort: cause !== 'failures', reason, retryAfterMs }
}
