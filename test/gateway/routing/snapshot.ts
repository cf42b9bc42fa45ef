import type { Kind, Resource, Store } from '../admin/store.ts'
import type { JsonObject } from '../plugins/plugin.ts'
import type { Runtime } from '../runtime.ts'
import { CompiledUpstream, type UpstreamConf } from '../upstream/upstream.ts'
import { Consumers } from './consumers.ts'
import { compileChain, type PlacedConf, type PluginChain } from './plugin-chain.ts'
import { RouteTable } from './route-table.ts'
import { CompiledRoute, routeVersion } from './routes.ts'

/** All resources, compiled. A request keeps the snapshot it began with. */
export interface Snapshot {
  readonly revision: number
  readonly table: RouteTable
  readonly routes: ReadonlyMap<string, CompiledRoute>
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>
  readonly consumers: Consumers
  readonly globalRules: PluginChain | undefined
  /** `conf_version` of the merged global rules. */
  readonly globalVersion: string
}

/** Compiles what changed since `previous` and takes the rest over, so that counters and pickers keep their state. */
export function compileSnapshot(runtime: Runtime, store: Store, previous: Snapshot | undefined): Snapshot {
  const upstreams = new Map<string, CompiledUpstream>()
  for (const resource of store.list('upstreams')) {
    const known = previous?.upstreams.get(resource.id)
    const fresh = known?.version === String(resource.modifiedIndex)
    upstreams.set(resource.id, fresh && known !== undefined ? known : compileUpstream(resource))
  }
  const routes = new Map<string, CompiledRoute>()
  for (const resource of store.list('routes')) {
    const pluginConfig = referenced(store, 'plugin_configs', resource.checked.plugin_config_id)
    const known = previous?.routes.get(resource.id)
    const fresh = known?.version === routeVersion(resource, pluginConfig)
    const route = fresh && known !== undefined ? known : new CompiledRoute(runtime, resource, pluginConfig)
    routes.set(resource.id, route)
  }
  const globalVersion = String(store.version('global_rules'))
  return {
    revision: store.revision,
    table: new RouteTable([...routes.values()]),
    routes,
    upstreams,
    consumers: new Consumers(store.list('consumers'), store.version('consumers')),
    globalRules:
      previous?.globalVersion === globalVersion ? previous.globalRules : compileGlobalRules(runtime, store),
    globalVersion,
  }
}

function compileUpstream(resource: Resource): CompiledUpstream {
  return new CompiledUpstream(
    resource.key,
    String(resource.modifiedIndex),
    resource.checked as unknown as UpstreamConf,
  )
}

function referenced(store: Store, kind: Kind, id: unknown): Resource | undefined {
  return id === undefined ? undefined : store.get(kind, String(id))
}

/** `merge_global_rules`: a plugin that stands in two global rules is dropped from both. */
function compileGlobalRules(runtime: Runtime, store: Store): PluginChain | undefined {
  const rules = store.list('global_rules')
  if (rules.length === 0) return undefined
  const merged = new Map<string, PlacedConf>()
  const seen = new Set<string>()
  for (const rule of rules) {
    for (const [name, conf] of Object.entries((rule.checked.plugins ?? {}) as Record<string, JsonObject>)) {
      if (seen.has(name)) merged.delete(name)
      else merged.set(name, { conf, resourceKey: rule.key })
      seen.add(name)
    }
  }
  return compileChain(runtime, merged)
}
