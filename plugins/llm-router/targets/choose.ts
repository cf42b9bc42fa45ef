import type { RequestFacts } from '../rules/facts.ts'
import type { Rule, Target } from '../rules/rule.ts'
import type { FallbackReason, FleetView } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'
import { rank } from './rank.ts'

export type Options =
  | {
      readonly kind: 'options'
      /** In the order of trying. */
      readonly candidates: readonly Candidate[]
      /** The first choice was passed over before health was asked. */
      readonly reason: FallbackReason | undefined
    }
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'too-long'; readonly window: number; readonly promptTokens: number }

/** A prompt is refused when it is longer than the window by more than the estimate may be wrong. */
const ESTIMATE_TOLERANCE = 1.25

/** The targets of a rule for one request, in order, without those tried before. No IO. */
export function optionsOf(
  rule: Rule,
  facts: RequestFacts,
  { fleet, random }: { readonly fleet: FleetView; readonly random: () => number },
  wasTried: (candidate: Candidate) => boolean = () => false,
): Options {
  const candidatesOf = (targets: readonly Target[]) =>
    targets
      .flatMap((target) => target.candidateFor(facts.endpoint, facts.model) ?? [])
      .filter((candidate) => !wasTried(candidate))
  const candidates = candidatesOf(rule.targets)
  if (candidates.length === 0) return { kind: 'not-offered' }
  const ranked = rank(candidates, rule, facts, fleet, random)
  const fitting = ranked.filter((candidate) => fits(candidate, facts))
  if (fitting.length === ranked.length) return inOrder(ranked, undefined)
  const overflow = candidatesOf(rule.overflow).filter((candidate) => fits(candidate, facts))
  const [first] = ranked
  // Whoever wrote an overflow target knows more than a window that nobody has stated.
  const firstFits = first !== undefined && first === fitting[0]
  const long = firstFits ? [...fitting, ...overflow] : [...overflow, ...fitting]
  const reason = firstFits ? undefined : 'context_length'
  if (long.length > 0) return inOrder(long, reason)
  const possible = ranked.filter(({ window = 0 }) => facts.promptTokens <= window * ESTIMATE_TOLERANCE)
  if (possible.length > 0) return inOrder(possible, undefined)
  const window = Math.max(...ranked.map((candidate) => candidate.window ?? 0))
  return { kind: 'too-long', window, promptTokens: facts.promptTokens }
}

/** The answer needs room too, as far as the client says how much. */
export function fits({ window }: Candidate, facts: RequestFacts): boolean {
  if (window === undefined) return true
  const answer = facts.maxTokens ?? 0
  return facts.surelyFits(window - answer) || facts.promptTokens + answer <= window
}

function inOrder(candidates: readonly Candidate[], reason: FallbackReason | undefined): Options {
  return { kind: 'options', candidates, reason }
}
