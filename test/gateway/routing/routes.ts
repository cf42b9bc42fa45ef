import type { Resource } from '../admin/store.ts'
import { findPlugin } from '../plugins/index.ts'
import type { JsonObject } from '../plugins/plugin.ts'
import type { Runtime } from '../runtime.ts'
import { CompiledUpstream, type Timeout, type UpstreamConf } from '../upstream/upstream.ts'
import type { Consumer } from './consumers.ts'
import { compileChain, type PlacedConf, type PluginChain } from './plugin-chain.ts'

/** The route fields that the data plane reads, defaults filled in. */
export interface RouteConf {
  readonly name?: string
  readonly uri?: string
  readonly uris?: readonly string[]
  readonly host?: string
  readonly hosts?: readonly string[]
  readonly methods?: readonly string[]
  readonly remote_addr?: string
  readonly remote_addrs?: readonly string[]
  readonly priority: number
  readonly status: number
  readonly vars?: unknown
  readonly plugins?: Record<string, JsonObject>
  readonly plugin_config_id?: string | number
  readonly upstream?: UpstreamConf
  readonly upstream_id?: string | number
  readonly timeout?: Timeout
}

/** A route with its plugin chains built; lives until the route or its plugin_config changes. */
export class CompiledRoute {
  readonly id: string
  readonly name: string | undefined
  readonly conf: RouteConf
  /** `modifiedIndex`, with the plugin_config's appended by `plugin_config.merge`. */
  readonly version: string
  readonly upstreamId: string | undefined
  readonly upstream: CompiledUpstream | undefined
  readonly chain: PluginChain
  readonly #runtime: Runtime
  readonly #plugins = new Map<string, PlacedConf>()
  readonly #withConsumer = new Map<string, PluginChain>()

  constructor(runtime: Runtime, resource: Resource, pluginConfig: Resource | undefined) {
    const conf = resource.checked as unknown as RouteConf
    this.#runtime = runtime
    this.id = resource.id
    this.name = conf.name
    this.conf = conf
    this.version = routeVersion(resource, pluginConfig)
    this.upstreamId = conf.upstream_id === undefined ? undefined : String(conf.upstream_id)
    this.upstream =
      conf.upstream === undefined
        ? undefined
        : new CompiledUpstream(resource.key, String(resource.modifiedIndex), conf.upstream)
    const shared = pluginConfig?.checked.plugins as Record<string, JsonObject> | undefined
    for (const [name, one] of Object.entries(conf.plugins ?? {})) {
      this.#plugins.set(name, { conf: one, resourceKey: resource.key })
    }
    for (const [name, one] of Object.entries(shared ?? {})) {
      if (!this.#plugins.has(name))
        this.#plugins.set(name, { conf: one, resourceKey: pluginConfig?.key ?? '' })
    }
    this.chain = compileChain(runtime, this.#plugins)
  }

  /** `plugin.merge_consumer_route`: the consumer's plugins replace or join the route's. */
  chainFor(consumer: Consumer): PluginChain {
    const cacheKey = `${consumer.name}#${consumer.modifiedIndex}`
    let chain = this.#withConsumer.get(cacheKey)
    if (chain === undefined) {
      const merged = new Map(this.#plugins)
      for (const [name, conf] of Object.entries(consumer.plugins)) {
        // a credential is no conf to run: auth plugins have done their work in the route's rewrite phase
        if (findPlugin(name)?.type === 'auth') continue
        merged.set(name, { conf, resourceKey: consumer.key, fromConsumer: !this.#plugins.has(name) })
      }
      chain = compileChain(this.#runtime, merged)
      this.#withConsumer.set(cacheKey, chain)
    }
    return chain
  }
}

export function routeVersion(resource: Resource, pluginConfig: Resource | undefined): string {
  return pluginConfig === undefined
    ? String(resource.modifiedIndex)
    : `${resource.modifiedIndex}#${pluginConfig.modifiedIndex}`
}
