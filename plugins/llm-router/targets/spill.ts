import type { Route } from '../compile.ts'
import type { Surroundings } from '../decide.ts'
import type { RequestFacts } from '../rules/facts.ts'
import { fits } from './choose.ts'
import { judge } from './judge.ts'
import type { Picked } from './pick.ts'

/** While the picked provider has too much in flight, a share of its requests goes to the spill target. */
export function spilled(picked: Picked, route: Route, facts: RequestFacts, around: Surroundings): Picked {
  const { provider } = picked.candidate
  const { spill } = route
  if (!spill || picked.probe || provider.maxQueue === undefined || spill.provider === provider) return picked
  if (around.fleet.inFlight(provider.name) <= provider.maxQueue) return picked
  if (around.random() >= spill.share) return picked
  const candidate = spill.candidateFor(facts.endpoint, facts.model)
  const usable = candidate !== undefined && judge(candidate, around.fleet).standing === 'ready'
  return usable && fits(candidate, facts) ? { candidate, reason: 'queue_full', probe: false } : picked
}
