import { createHash } from 'node:crypto'
import type { RequestFacts } from '../rules/facts.ts'
import type { Rule } from '../rules/rule.ts'
import type { FleetView } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'
import { conversationKey } from './conversation.ts'

/** Output tokens that a price comparison assumes when the request sets no limit. */
const USUAL_OUTPUT_TOKENS = 500

/** The order in which the candidates are tried, best first. */
export function rank(
  candidates: readonly Candidate[],
  rule: Rule,
  facts: RequestFacts,
  fleet: FleetView,
  random: () => number,
): readonly Candidate[] {
  const ordered = candidates.length < 2 ? candidates : byStrategy(candidates, rule, facts, fleet, random)
  if (!rule.preferLocal) return ordered
  return [...ordered.filter(isLocal), ...ordered.filter((candidate) => !isLocal(candidate))]
}

function byStrategy(
  candidates: readonly Candidate[],
  rule: Rule,
  facts: RequestFacts,
  fleet: FleetView,
  random: () => number,
): readonly Candidate[] {
  switch (rule.strategy) {
    case 'priority':
      return candidates
    case 'weighted':
      return ascending(candidates, weightedDraw(rule, facts, random))
    case 'least_busy':
      return ascending(candidates, ({ provider, weight }) => fleet.inFlight(provider.name) / weight)
    case 'lowest_latency':
      // One that nobody has tried lately goes first: otherwise it would never be measured.
      return ascending(candidates, ({ breaker }) => fleet.ttftMs(breaker) ?? 0)
    case 'lowest_cost':
      return ascending(candidates, costOf(facts))
  }
}

/**
 * Weighted sampling without replacement: the smallest -ln(u)/weight first. With u from a hash it is rendezvous
 * hashing: a target that comes or goes moves only its own share.
 */
function weightedDraw(rule: Rule, facts: RequestFacts, random: () => number): (c: Candidate) => number {
  const key = stickyKey(rule, facts)
  const draw = (candidate: Candidate) =>
    key === undefined
      ? random()
      : hashToUnit(`${rule.name}\n${candidate.breaker}\n${candidate.model}\n${key}`)
  return (candidate) => -Math.log(Math.max(draw(candidate), Number.MIN_VALUE)) / candidate.weight
}

function stickyKey(rule: Rule, facts: RequestFacts): string | undefined {
  if (rule.sticky === 'consumer') return facts.consumer
  return rule.sticky === 'conversation' ? conversationKey(facts) : undefined
}

/** A candidate without a price goes last. */
function costOf(facts: RequestFacts): (candidate: Candidate) => number {
  const output = facts.maxTokens ?? USUAL_OUTPUT_TOKENS
  return ({ price }) =>
    price === undefined
      ? Number.POSITIVE_INFINITY
      : facts.promptTokens * price.input + output * facts.features.n * price.output
}

/** Stable: equal ones keep the order of the conf. The score is drawn once per candidate. */
function ascending(candidates: readonly Candidate[], score: (candidate: Candidate) => number): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, score: score(candidate) }))
    .sort((a, b) => (a.score === b.score ? 0 : a.score - b.score))
    .map(({ candidate }) => candidate)
}

function hashToUnit(text: string): number {
  return (createHash('sha1').update(text).digest().readUInt32BE(0) + 1) / 0x1_0000_0001
}

function isLocal({ provider }: Candidate): boolean {
  return provider.local
}
