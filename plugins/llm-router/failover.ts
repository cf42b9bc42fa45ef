import type { Decision, RequestView, Stop } from '../../runner/plugin.ts'
import { restoreBody } from './catalogue/body-fields.ts'
import type { Route } from './compile.ts'
import { type Surroundings, sendTo } from './decide.ts'
import { type RouteMemory, type RouteNote, routeNote } from './note.ts'
import { noProviderLeft } from './refusals.ts'
import { RequestFacts } from './rules/facts.ts'
import type { Candidate } from './targets/candidate.ts'
import { optionsOf } from './targets/choose.ts'
import { type PickResult, pick } from './targets/pick.ts'

const RETRY_AFTER_MS = 5_000

/**
 * A later pass: the target of the pass before has failed and nginx has come back to our own listener. Takes the next
 * target of the same rule that was not tried. Whoever has no earlier note did not come from there and is refused.
 */
export function decideFailover(
  request: RequestView,
  route: Route,
  around: Surroundings,
): Decision | Promise<Decision> {
  const earlier = request.note(routeNote)
  const { endpoint, json } = request
  const { memory } = earlier ?? {}
  if (!earlier || !memory || !json || endpoint === undefined || endpoint === 'models') {
    return noProviderLeft(endpoint, RETRY_AFTER_MS)
  }
  const facts = new RequestFacts(request, {
    endpoint,
    model: earlier.requested_model,
    tier: earlier.tier,
    consumer: memory.consumer ?? undefined,
    json: restoreBody(json, memory.restore),
  })
  const rule = route.rules.find(({ name }) => name === memory.rule)
  if (!rule || earlier.attempts.length >= route.conf.max_passes) return exhausted(request, earlier, memory)
  const options = optionsOf(rule, facts, around, triedIn(earlier))
  if (options.kind !== 'options') return exhausted(request, earlier, memory)
  const send = (result: PickResult): Decision => {
    if (!('candidate' in result)) return exhausted(request, earlier, memory, result.retryAfterMs)
    const picked = { ...result, reason: 'primary_unavailable' as const }
    return sendTo(picked, { request, route, facts, rule: rule.name, earlier })
  }
  const picked = pick(options, around.fleet, around.acquireProbe)
  return picked instanceof Promise ? picked.then(send) : send(picked)
}

function triedIn({ attempts }: RouteNote): (candidate: Candidate) => boolean {
  return ({ provider, model }) =>
    attempts.some((attempt) => attempt.provider === provider.name && attempt.model === model)
}

function exhausted(
  request: RequestView,
  earlier: RouteNote,
  memory: RouteMemory,
  retryAfterMs = RETRY_AFTER_MS,
): Stop {
  const note: RouteNote = { ...earlier, memory: { ...memory, exhausted: true } }
  return { ...noProviderLeft(request.endpoint, Math.max(retryAfterMs, 1)), note }
}
