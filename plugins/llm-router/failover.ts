import type { Decision, RequestView, Stop } from '../../runner/plugin.ts'
import { restoreBody } from './catalogue/body-fields.ts'
import type { Route } from './compile.ts'
import { type Surroundings, sendTo } from './decide.ts'
import { type AttemptFailure, type RouteMemory, type RouteNote, routeNote } from './note.ts'
import { noProviderLeft } from './refusals.ts'
import { retryAfterMs } from './retry-after.ts'
import { FAILED_STATUS_HEADER, RETRY_AFTER_HEADER } from './rewrite.ts'
import { RequestFacts } from './rules/facts.ts'
import type { FallbackReason } from './state/fleet.ts'
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
  const noted = request.note(routeNote)
  const { endpoint, json } = request
  const { memory } = noted ?? {}
  if (!noted || !memory || !json || endpoint === undefined || endpoint === 'models') {
    return noProviderLeft(endpoint, RETRY_AFTER_MS)
  }
  const earlier = withFailure(noted, failureOf(request))
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
    return sendTo(
      { ...result, reason: reasonOf(earlier) },
      { request, route, facts, rule: rule.name, earlier },
    )
  }
  const picked = pick(options, around.fleet, around.acquireProbe)
  return picked instanceof Promise ? picked.then(send) : send(picked)
}

/** undefined: the gateway does not tell. */
function failureOf(request: RequestView): AttemptFailure | undefined {
  // One for each attempt. The one that is about to begin has neither node nor status yet, which nginx writes "429 : ".
  const status = request.header(FAILED_STATUS_HEADER)?.match(/(?:^|[\s,])(\d{3})(?: :\s*)?$/)?.[1]
  if (status === undefined) return undefined
  const pauseMs = retryAfterMs(request.header(RETRY_AFTER_HEADER), request.receivedAt)
  return { status: Number(status), ...(pauseMs !== undefined && { retry_after_ms: pauseMs }) }
}

function withFailure(note: RouteNote, failed: AttemptFailure | undefined): RouteNote {
  const last = note.attempts.at(-1)
  if (!last || !failed) return note
  return { ...note, attempts: [...note.attempts.slice(0, -1), { ...last, failed }] }
}

/** Of the first choice, whoever failed after it. */
function reasonOf({ fallback_reason: known, attempts }: RouteNote): FallbackReason {
  if (known !== null) return known
  return attempts[0]?.failed?.status === 429 ? 'rate_limited' : 'primary_unavailable'
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
