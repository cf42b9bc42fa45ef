import type { Route } from '../compile.ts'
import type { Surroundings } from '../decide.ts'
import type { RequestFacts } from '../rules/facts.ts'
import { candidateOf } from './candidate.ts'
import { judge } from './choose.ts'
import type { Picked } from './pick.ts'

/** While the picked provider has too much in flight, a share of its requests goes to the spill target. */
export function spilled(picked: Picked, route: Route, facts: RequestFacts, around: Surroundings): Picked {
  const { provider } = picked.candidate
  const { spill } = route
  if (!spill || picked.probe || provider.maxQueue === undefined || spill.provider === provider) return picked
  if (around.fleet.inFlight(provider.name) <= provider.maxQueue) return picked
  if (around.random() >= spill.share) return picked
  const candidate = candidateOf(spill, facts)
  const usable = candidate !== undefined && judge(candidate, around.fleet).standing === 'ready'
  const fits = candidate?.window === undefined || facts.promptTokens <= candidate.window
  return usable && fits ? { candidate, reason: 'queue_full', probe: false } : picked
}
