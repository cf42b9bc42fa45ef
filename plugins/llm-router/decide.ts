import {
  type Decision,
  type Endpoint,
  type RequestView,
  type Rewrite,
  type Stop,
  validateRequest,
} from '../../runner/plugin.ts'
import { tierOf } from '../tier.ts'
import { adaptBody } from './catalogue/body-fields.ts'
import type { Route } from './compile.ts'
import { answerModels } from './model-list.ts'
import type { RouteNote } from './note.ts'
import {
  endpointNotOffered,
  invalidRequest,
  isPlain,
  modelNotFound,
  noProviderLeft,
  promptTooLong,
  unknownPath,
} from './refusals.ts'
import { rewriteFor, withoutCredentials } from './rewrite.ts'
import { RequestFacts } from './rules/facts.ts'
import type { Rule } from './rules/rule.ts'
import type { FleetView } from './state/fleet.ts'
import { optionsOf } from './targets/choose.ts'
import { type AcquireProbe, type Picked, type PickResult, pick } from './targets/pick.ts'
import { spilled } from './targets/spill.ts'

/** Somebody has to set a key and start the runner again. */
const WITHOUT_KEY_RETRY_MS = 60_000

/** What a decision may use beside the request and the conf. */
export interface Surroundings {
  readonly fleet: FleetView
  readonly acquireProbe: AcquireProbe
  readonly random: () => number
}

/** The first pass of a request. Synchronous unless a half-open breaker has to be asked. */
export function decideRoute(
  request: RequestView,
  route: Route,
  around: Surroundings,
): Decision | Promise<Decision> {
  const { endpoint } = request
  if (endpoint === undefined) return otherPath(request, route)
  if (endpoint === 'models') return answerModels(request, route)
  const { json } = request
  if (!json) return missingBody(endpoint)
  const model = String(json.model ?? '')
  const tier = tierOf(route.conf, request.consumer)
  if (!isPlain(model) || !route.mayRequest(tier, model)) return modelNotFound(endpoint, model)
  const facts = new RequestFacts(request, { endpoint, model, tier, consumer: request.consumer, json })
  const rule = route.rules.find(({ condition }) => condition.holds(facts))
  if (!rule) return modelNotFound(endpoint, model)
  if (rule.targets.length === 0) return noProviderLeft(endpoint, WITHOUT_KEY_RETRY_MS)
  return chooseAndSend(request, route, rule, facts, around)
}

function chooseAndSend(
  request: RequestView,
  route: Route,
  rule: Rule,
  facts: RequestFacts,
  around: Surroundings,
): Decision | Promise<Decision> {
  const options = optionsOf(rule, facts, around)
  if (options.kind === 'not-offered') return notOffered(rule, facts)
  if (options.kind === 'too-long') return promptTooLong(facts.endpoint, options.window, options.promptTokens)
  const send = (result: PickResult): Decision => {
    if (!('candidate' in result)) return noProviderLeft(facts.endpoint, result.retryAfterMs)
    const picked = spilled(result, route, facts, around)
    return sendTo(picked, { request, route, facts, rule: rule.name, earlier: undefined })
  }
  const picked = pick(options, around.fleet, around.acquireProbe)
  return picked instanceof Promise ? picked.then(send) : send(picked)
}

export interface SendParts {
  readonly request: RequestView
  readonly route: Route
  readonly facts: RequestFacts
  readonly rule: string
  readonly earlier: RouteNote | undefined
}

/** Rewrites the request for the picked target and notes it. */
export function sendTo(picked: Picked, { request, route, facts, rule, earlier }: SendParts): Rewrite {
  const { candidate, reason, probe } = picked
  const { json, restore } = adaptBody(candidate.fields, candidate.model, facts.json)
  const attempt = probe ? { ...candidate.attempt, probe } : candidate.attempt
  const note: RouteNote = {
    requested_model: facts.model,
    attempts: earlier ? [...earlier.attempts, attempt] : [attempt],
    tier: facts.tier,
    fallback_reason: earlier?.fallback_reason ?? reason,
    ...(candidate.refusesStreamOptions && { refuses_stream_options: true }),
    memory: { rule, consumer: facts.consumer ?? null, restore },
  }
  return { kind: 'rewrite', patch: rewriteFor(request, candidate, json, reason, route.removeHeaders), note }
}

/** Any other body that its endpoint would not take was refused before the chain. */
function missingBody(endpoint: Endpoint): Stop {
  const valid = validateRequest(endpoint, {})
  if (valid.ok) throw new Error(`an empty body is valid for ${endpoint}`)
  return invalidRequest(endpoint, valid)
}

function notOffered(rule: Rule, facts: RequestFacts): Stop {
  const { endpoint, model } = facts
  const offered = rule.targets.some(({ provider }) => provider.pathOf(endpoint) !== undefined)
  return offered ? modelNotFound(endpoint, model) : endpointNotOffered(endpoint, model)
}

function otherPath(request: RequestView, { conf, removeHeaders }: Route): Decision {
  if (conf.other_paths === 'refuse') return unknownPath(conf.unknown_endpoint_message)
  const { headers, args } = withoutCredentials(request, removeHeaders)
  // The route's default upstream: a client does not choose another one.
  if (request.header('x-llm-upstream') !== undefined) headers['x-llm-upstream'] = null
  return { kind: 'rewrite', patch: { headers, args } }
}
