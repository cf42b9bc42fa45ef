import type { Provider } from '../catalogue/provider.ts'
import type { PriceConf } from '../conf.ts'
import type { RequestFacts } from '../rules/facts.ts'
import type { Target } from '../rules/rule.ts'

/** A target that can answer this request: its provider offers the endpoint and takes the model. */
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
}

export type TargetLike = Pick<Target, 'provider' | 'model' | 'weight' | 'price'>

export function candidateOf(target: TargetLike, facts: RequestFacts): Candidate | undefined {
  const { provider } = target
  const template = provider.pathOf(facts.endpoint)
  const asked = target.model ?? facts.model
  if (template === undefined) return undefined
  if (target.model === undefined && !provider.takes(asked)) return undefined
  const model = provider.sentName(asked)
  const path = fillIn(template, model)
  if (path === undefined) return undefined
  const named = target.model !== undefined || provider.lists(asked)
  return {
    provider,
    model,
    path,
    weight: target.weight,
    window: provider.windowOf(asked),
    price: target.price ?? provider.priceOf(asked),
    breaker: `${provider.name}|${named ? model : '*'}`,
  }
}

/** undefined: the model is no path segment, whatever it is otherwise. */
function fillIn(template: string, model: string): string | undefined {
  if (!template.includes('{model}')) return template
  if (!/^[\w.:@-]+$/.test(model) || /^\.+$/.test(model)) return undefined
  return template.replaceAll('{model}', model)
}
