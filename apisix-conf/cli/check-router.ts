import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, recordOf } from '../../runner/llm/json.ts'
import type { ChainItem } from './chains.ts'
import type { Problem, Resource } from './resource.ts'
import { splitRules } from './traffic-split.ts'

const ROUTER = 'llm-router'
const UPSTREAM_VARIABLE = 'http_x_llm_upstream'

/** Whether every place to which llm-router may send a request is one to which APISIX can. */
export function checkRouter(resources: readonly Resource[], items: readonly ChainItem[]): Problem[] {
  const routers = items.filter((item) => item.plugin === ROUTER)
  return [
    ...routers.flatMap(unknownProviders),
    ...resources
      .filter(({ kind }) => kind === 'routes')
      .flatMap((route) => unreachable(route, resources, routers)),
  ]
}

/** Providers by name that a rule or the spill names, but the catalogue does not have. */
function unknownProviders(item: ChainItem): Problem[] {
  const known = recordOf(item.conf.providers)
  return targetsOf(item.conf).flatMap(({ pointer, provider }) => {
    if (typeof provider !== 'string' || Object.hasOwn(known, provider)) return []
    const message = `there is no provider "${provider}" in providers`
    return [{ level: 'error' as const, ...item.locate(`${pointer}/provider`), message }]
  })
}

/** Every place that rules and spill name, with its JSON pointer. */
export function targetsOf(conf: JsonObject): { pointer: string; provider: unknown; model: unknown }[] {
  const targets = arrayOf(conf.rules).flatMap((rule, i) =>
    ['targets', 'context_overflow'].flatMap((list) =>
      arrayOf(recordOf(rule)[list]).map((target, j) => ({
        pointer: `/rules/${i}/${list}/${j}`,
        target: recordOf(target),
      })),
    ),
  )
  if (conf.spill !== undefined) targets.push({ pointer: '/spill', target: recordOf(conf.spill) })
  return targets.map(({ pointer, target }) => ({ pointer, provider: target.provider, model: target.model }))
}

/** Values of X-LLM-Upstream for which the route's traffic-split has no rule. */
function unreachable(
  route: Resource,
  resources: readonly Resource[],
  routers: readonly ChainItem[],
): Problem[] {
  const config = resources.find(
    ({ kind, id }) => kind === 'plugin_configs' && id === String(route.value.plugin_config_id),
  )
  const item = [route, config].flatMap((place) => routers.filter(({ file }) => file === place?.file))[0]
  const split = [route, config].find((place) => splitRules(place?.value ?? {}).length > 0)
  if (!item || (!split && answersItself(route.value))) return []
  const reachable = new Set(splitRules(split?.value ?? {}).flatMap(upstreamValues))
  return Object.entries(recordOf(item.conf.providers)).flatMap(([name, provider]) => {
    const { upstream } = recordOf(provider)
    if (typeof upstream !== 'string' || reachable.has(upstream)) return []
    const message =
      `no rule of traffic-split (${split?.file ?? 'there is none'}) matches ${UPSTREAM_VARIABLE} == "${upstream}": ` +
      `requests of ${route.file} for ${name} would go to the route's own upstream`
    return [{ level: 'error' as const, ...item.locate(`/providers/${name}/upstream`), message }]
  })
}

/** GET /v1/models never reaches an upstream. */
function answersItself(route: JsonObject): boolean {
  const methods = arrayOf(route.methods)
  return methods.length > 0 && methods.every((method) => method === 'GET')
}

function upstreamValues(rule: JsonObject): string[] {
  return arrayOf(rule.match).flatMap((match) =>
    arrayOf(recordOf(match).vars).flatMap((condition) => {
      const [name, operator, value] = arrayOf(condition)
      if (name !== UPSTREAM_VARIABLE) return []
      if (operator === '==') return [String(value)]
      return operator === 'in' ? arrayOf(value).map(String) : []
    }),
  )
}
