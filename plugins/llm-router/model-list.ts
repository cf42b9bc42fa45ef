import { errorBody, type RequestView, type Stop } from '../../runner/plugin.ts'
import { isLiteral } from '../glob.ts'
import { tierOf } from '../tier.ts'
import type { Route } from './compile.ts'
import { modelNotFound } from './refusals.ts'
import type { CallerFacts } from './rules/condition.ts'

interface ListedModel {
  readonly id: string
  readonly owner: string
}

/** GET /v1/models and /v1/models/{id}: what this consumer can ask for, by the rules of the route. */
export function answerModels(request: RequestView, route: Route): Stop {
  const tier = tierOf(route.conf, request.consumer)
  const asked = /\/models\/(.+)$/.exec(decode(request.path))?.[1]
  const anthropic = request.header('anthropic-version') !== undefined
  if (asked === undefined) {
    const models = namesOf(route).flatMap((name) => look(name, tier, request, route) ?? [])
    return served(anthropic ? anthropicList(models) : { object: 'list', data: models.map(openAiModel) })
  }
  const model = look(asked, tier, request, route)
  if (model) return served(anthropic ? anthropicModel(model) : openAiModel(model))
  const missing = modelNotFound('models', asked)
  if (!anthropic) return missing
  const message = 'There is no such model.'
  return { ...missing, body: errorBody('messages', { message, type: 'model_not_found' }) }
}

function namesOf(route: Route): string[] {
  const names = new Set(route.conf.listed_models)
  for (const rule of route.rules) for (const glob of rule.models) if (isLiteral(glob)) names.add(glob)
  for (const provider of route.providers.values()) for (const name of provider.listedModels) names.add(name)
  return [...names].sort()
}

function look(name: string, tier: string, request: RequestView, route: Route): ListedModel | undefined {
  if (!route.mayRequest(tier, name)) return undefined
  const facts: CallerFacts = {
    model: name,
    tier,
    consumer: request.consumer,
    receivedAt: request.receivedAt,
    header: (header) => request.header(header),
  }
  for (const rule of route.rules) {
    if (!rule.condition.couldHold(facts)) continue
    const target = rule.targets.find(({ model, provider }) => model !== undefined || provider.takes(name))
    if (target) return { id: name, owner: target.provider.name }
  }
  return undefined
}

/** OpenAI's `created` is required and means nothing here. */
function openAiModel({ id, owner }: ListedModel): object {
  return { id, object: 'model', created: 0, owned_by: owner }
}

/** https://docs.anthropic.com/en/api/models-list */
function anthropicModel({ id }: ListedModel): object {
  return { type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' }
}

function anthropicList(models: readonly ListedModel[]): object {
  return {
    data: models.map(anthropicModel),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }
}

function served(body: object): Stop {
  return {
    kind: 'stop',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    outcome: 'served',
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
