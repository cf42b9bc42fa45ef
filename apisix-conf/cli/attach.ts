import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, isRecord, recordOf } from '../../runner/llm/json.ts'
import { splitRules } from './traffic-split.ts'

/** Remembers, on the route itself, which plugins are ours. */
const LABEL = 'llm-gateway-plugins'
const AUTH = ['key-auth', 'jwt-auth', 'basic-auth', 'hmac-auth', 'openid-connect', 'ldap-auth', 'multi-auth']
/** A route that limits its traffic keeps its own limits. */
const YIELDING = ['limit-req', 'limit-count', 'limit-conn']

export interface Attachment {
  /** The route as it will be, for a PUT. */
  readonly route: JsonObject
  readonly added: readonly string[]
  /** Plugins of ours that are left out, since the route has its own for that. */
  readonly left: readonly string[]
  /** Plugins of the route that stand where ours must stand. Not empty: the route must not be written. */
  readonly conflicts: readonly string[]
}

/**
 * Adds the plugins of a plugin_config to a route that is already in APISIX. A second time it brings those that it
 * added up to date. `inherited` are the plugins that the route gets from its own plugin_config.
 */
export function attachPlugins(route: JsonObject, ours: JsonObject, inherited: JsonObject = {}): Attachment {
  const bare = detachPlugins(route).route
  const own = { ...inherited, ...recordOf(bare.plugins) }
  const hasAuth = AUTH.some((name) => Object.hasOwn(own, name))
  const left = Object.keys(ours).filter(
    (name) => (AUTH.includes(name) && hasAuth) || (YIELDING.includes(name) && Object.hasOwn(own, name)),
  )
  const added = Object.keys(ours).filter((name) => !left.includes(name))
  const conflicts = added.filter((name) => Object.hasOwn(own, name))
  return {
    route: {
      ...bare,
      plugins: { ...recordOf(bare.plugins), ...Object.fromEntries(added.map((name) => [name, ours[name]])) },
      labels: { ...recordOf(bare.labels), [LABEL]: added.join(',') },
    },
    added,
    left,
    conflicts,
  }
}

/** Takes off what `attachPlugins` added; a route without it stays as it is. */
export function detachPlugins(route: JsonObject): { route: JsonObject; removed: readonly string[] } {
  const { create_time: _, update_time: __, ...rest } = route
  const { [LABEL]: label, ...labels } = recordOf(rest.labels)
  if (typeof label !== 'string') return { route: rest, removed: [] }
  const ours = label.split(',')
  const removed = ours.filter((name) => Object.hasOwn(recordOf(rest.plugins), name))
  const plugins = Object.entries(recordOf(rest.plugins)).filter(([name]) => !ours.includes(name))
  return { route: without({ ...rest, plugins: Object.fromEntries(plugins), labels }), removed }
}

/** An object that has become empty was not there before. */
function without(route: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(route).filter(
      ([key, value]) =>
        !((key === 'plugins' || key === 'labels') && isRecord(value) && Object.keys(value).length === 0),
    ),
  )
}

/** The upstreams that must be in APISIX before these plugins are. */
export function neededUpstreams(plugins: JsonObject): string[] {
  const ids = splitRules({ plugins }).flatMap((rule) =>
    arrayOf(rule.weighted_upstreams).flatMap((target) => recordOf(target).upstream_id ?? []),
  )
  return [...new Set(ids.map(String))]
}
