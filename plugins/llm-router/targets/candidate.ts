import type { Endpoint } from '../../../runner/plugin.ts'
import type { CompiledField, Provider } from '../catalogue/provider.ts'
import type { PriceConf, TargetConf } from '../conf.ts'
import type { RouteAttempt } from '../note.ts'

/** A target that can answer an endpoint for a model: all that is the same for every request that goes there. */
export interface Candidate {
  readonly provider: Provider
  /** As it is sent. */
  readonly model: string
  readonly path: string
  readonly weight: number
  /** Tokens. */
  readonly window: number | undefined
  readonly price: PriceConf | undefined
  /** `provider|model`; a model that only a client named shares `provider|*`, so that clients cannot grow the set. */
  readonly breaker: string
  /** Body fields that the provider names differently or rejects, here. */
  readonly fields: readonly CompiledField[]
  /** Its fields drop `stream_options`, so nobody may add it later. */
  readonly refusesStreamOptions: boolean
  /** Headers that it wants unless the client sends them, by lower-case name. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** What the client reads when it is the first choice. */
  readonly respHeaders: Readonly<Record<string, string>>
  /** What the note says of it, unless it is a probe. */
  readonly attempt: RouteAttempt
}

/** Gives the candidate for an endpoint and the requested model; undefined: the target cannot answer that. */
export type FindCandidate = (endpoint: Endpoint, requestedModel: string) => Candidate | undefined

type TargetParts = Pick<TargetConf, 'model' | 'weight' | 'price'>

/** Clients name models; how many of their names are kept at a time. */
const MAX_NAMES = 1000

/** Candidates are made once for each endpoint and model, and kept. */
export function candidateFinder(provider: Provider, target: TargetParts): FindCandidate {
  const byEndpoint = new Map<Endpoint, Map<string, Candidate | undefined>>()
  return (endpoint, requestedModel) => {
    const asked = target.model ?? requestedModel
    const known = byEndpoint.get(endpoint) ?? new Map<string, Candidate | undefined>()
    if (known.size === 0) byEndpoint.set(endpoint, known)
    const candidate = known.get(asked)
    if (candidate !== undefined || known.has(asked)) return candidate
    if (known.size >= MAX_NAMES) known.clear()
    const made = candidateOf(provider, target, endpoint, asked)
    known.set(asked, made)
    return made
  }
}

function candidateOf(
  provider: Provider,
  target: TargetParts,
  endpoint: Endpoint,
  asked: string,
): Candidate | undefined {
  const template = provider.pathOf(endpoint)
  if (template === undefined) return undefined
  if (target.model === undefined && !provider.takes(asked)) return undefined
  const model = provider.sentName(asked)
  const path = fillIn(template, model)
  if (path === undefined) return undefined
  const named = target.model !== undefined || provider.lists(asked)
  const breaker = `${provider.name}|${named ? model : '*'}`
  const fields = provider.fields.filter(({ appliesTo }) => appliesTo(endpoint, model))
  return {
    provider,
    model,
    path,
    weight: target.weight,
    window: provider.windowOf(asked),
    price: target.price ?? provider.priceOf(asked),
    breaker,
    fields,
    refusesStreamOptions: fields.some(({ from, to }) => from === 'stream_options' && to === undefined),
    headers: Object.entries(provider.headersOf(endpoint)),
    respHeaders: { 'X-LLM-Provider': provider.name, 'X-LLM-Model': model },
    attempt: { provider: provider.name, model, breaker },
  }
}

/** undefined: the model is no path segment, whatever it is otherwise. */
function fillIn(template: string, model: string): string | undefined {
  if (!template.includes('{model}')) return template
  if (!/^[\w.:@-]+$/.test(model) || /^\.+$/.test(model)) return undefined
  return template.replaceAll('{model}', model)
}
