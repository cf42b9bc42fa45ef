import type { RequestFacts } from '../rules/facts.ts'
import type { Rule, Target } from '../rules/rule.ts'
import type { FallbackReason, FleetView } from '../state/fleet.ts'
import { type Candidate, candidateOf } from './candidate.ts'
import { rank } from './rank.ts'

/** A candidate in the order of trying, and what speaks against it. */
export interface Option {
  readonly candidate: Candidate
  /**
   * `ready`; `probe`: if the breaker grants one; `doubtful`: only when there is nothing better (a rate limit, a failed
   * active check); `blocked`: its breaker is open, or APISIX would not ask it.
   */
  readonly standing: 'ready' | 'probe' | 'doubtful' | 'blocked'
  /** Why the next one is a fallback when this one is passed over. */
  readonly reason: FallbackReason
  readonly retryAfterMs: number
}

export type Options =
  | {
      readonly kind: 'options'
      readonly options: readonly Option[]
      /** The first choice was passed over before health was asked. */
      readonly reason: FallbackReason | undefined
    }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'too-long'; readonly window: number; readonly promptTokens: number }

/** A prompt is refused when it is longer than the window by more than the estimate may be wrong. */
const ESTIMATE_TOLERANCE = 1.25

/** When an active check may have found the provider well again: APISIX does not say when it looks. */
const SKIPPED_RETRY_MS = 5_000

/** The targets of a rule for one request, in order, without those tried before. No IO. */
export function optionsOf(
  rule: Rule,
  facts: RequestFacts,
  { fleet, random }: { readonly fleet: FleetView; readonly random: () => number },
  wasTried: (candidate: Candidate) => boolean = () => false,
): Options {
  const candidatesOf = (targets: readonly Target[]) =>
    targets.flatMap((target) => candidateOf(target, facts) ?? []).filter((candidate) => !wasTried(candidate))
  const candidates = candidatesOf(rule.targets)
  if (candidates.length === 0) return { kind: 'not-offered' }
  const ranked = rank(candidates, rule, facts, fleet, random)
  const fitting = ranked.filter((candidate) => fits(candidate, facts))
  if (fitting.length === ranked.length) return judged(ranked, undefined, fleet)
  const overflow = candidatesOf(rule.overflow).filter((candidate) => fits(candidate, facts))
  const [first] = ranked
  // Whoever wrote an overflow target knows more than a window that nobody has stated.
  const firstFits = first !== undefined && first === fitting[0]
  const long = firstFits ? [...fitting, ...overflow] : [...overflow, ...fitting]
  const reason = firstFits ? undefined : 'context_length'
  if (long.length > 0) return judged(long, reason, fleet)
  const possible = ranked.filter(({ window = 0 }) => facts.promptTokens <= window * ESTIMATE_TOLERANCE)
  if (possible.length > 0) return judged(possible, undefined, fleet)
  const window = Math.max(...ranked.map((candidate) => candidate.window ?? 0))
  return { kind: 'too-long', window, promptTokens: facts.promptTokens }
}

/** The answer needs room too, as far as the client says how much. */
function fits({ window }: Candidate, facts: RequestFacts): boolean {
  if (window === undefined) return true
  const answer = facts.maxTokens ?? 0
  return facts.surelyFits(window - answer) || facts.promptTokens + answer <= window
}

function judged(
  candidates: readonly Candidate[],
  reason: FallbackReason | undefined,
  fleet: FleetView,
): Options {
  return { kind: 'options', reason, options: candidates.map((candidate) => judge(candidate, fleet)) }
}

export function judge(candidate: Candidate, fleet: FleetView): Option {
  const standing = fleet.standing(candidate.breaker)
  const option = (standing: Option['standing'], reason: FallbackReason, retryAfterMs = 0): Option => ({
    candidate,
    standing,
    reason,
    retryAfterMs,
  })
  const health = fleet.upstreamHealth(candidate.provider.upstreamId)
  if (health === 'skipped') return option('blocked', 'primary_unavailable', SKIPPED_RETRY_MS)
  if (standing.state === 'open' && standing.cause === 'rate_limited') {
    return option('doubtful', 'rate_limited', standing.forMs)
  }
  if (standing.state === 'open') return option('blocked', 'primary_unavailable', standing.forMs)
  if (health === 'down') return option('doubtful', 'primary_unavailable')
  return option(standing.state === 'half_open' ? 'probe' : 'ready', 'primary_unavailable')
}
