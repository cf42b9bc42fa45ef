import { isIP } from 'node:net'
import { toBinary } from '../http/uri.ts'
import { NodeGroups } from './balancer.ts'
import type { ChecksConf, HealthChecker } from './health.ts'
import type { Resolver } from './resolver.ts'

/** Seconds, as in the Admin API. */
export interface Timeout {
  readonly connect: number
  readonly send: number
  readonly read: number
}

export interface NodeConf {
  readonly host: string
  readonly port?: number
  readonly weight: number
  readonly priority?: number
}

/** The upstream fields that the data plane reads, defaults filled in. */
export interface UpstreamConf {
  readonly type?: string
  readonly nodes?: readonly NodeConf[] | Readonly<Record<string, number>>
  readonly scheme?: string
  readonly pass_host?: 'pass' | 'node' | 'rewrite'
  readonly upstream_host?: string
  readonly retries?: number
  readonly retry_timeout?: number
  readonly timeout?: Timeout
  readonly checks?: ChecksConf
  readonly hash_on?: string
  readonly key?: string
}

/** A node ready to be connected to. `host` is what the conf said, `ip` what it resolves to. */
export interface UpstreamNode {
  readonly host: string
  readonly port: number
  readonly weight: number
  readonly priority: number
  ip: string
  /** Host header under `pass_host: node`: without the port when it is the scheme's own. */
  readonly hostHeader: string
}

const SCHEME_PORTS: Record<string, number> = { http: 80, https: 443 }

/** An upstream with its nodes in one form and its balancing state (apisix/upstream.lua, apisix/balancer.lua). */
export class CompiledUpstream {
  readonly key: string
  readonly version: string
  readonly conf: UpstreamConf
  readonly scheme: 'http' | 'https'
  readonly nodes: readonly UpstreamNode[]
  readonly retries: number
  readonly #hasNames: boolean
  #resolvedAtMs = 0
  #groups: NodeGroups | undefined

  constructor(key: string, version: string, conf: UpstreamConf) {
    this.key = key
    this.version = version
    this.conf = conf
    this.scheme = conf.scheme === 'https' ? 'https' : 'http'
    this.nodes = normalizeNodes(conf.nodes ?? []).map((node) => this.#compileNode(node))
    this.#hasNames = this.nodes.some((node) => isIP(node.host) === 0)
    this.retries = conf.retries ?? Math.max(this.nodes.length - 1, 0)
  }

  /** Looks domain names up, at most every 30 s. Rejects when a name has no address. */
  resolve(resolver: Resolver): Promise<void> | undefined {
    if (!this.#hasNames || Date.now() - this.#resolvedAtMs < 30_000) return undefined
    return this.#resolveNames(resolver)
  }

  /** The nodes a request may be sent to; unhealthy ones are left out, unless all are. */
  groups(checker: HealthChecker | undefined): NodeGroups {
    const statusVersion = checker?.statusVersion ?? 0
    if (this.#groups?.statusVersion !== statusVersion || this.#groups.checked !== (checker !== undefined)) {
      const healthy =
        checker === undefined ? this.nodes : this.nodes.filter((node) => checker.isHealthy(node))
      const usable = healthy.length === 0 ? this.nodes : healthy
      this.#groups = new NodeGroups(usable, this.conf, statusVersion, checker !== undefined)
    }
    return this.#groups
  }

  async #resolveNames(resolver: Resolver): Promise<void> {
    for (const node of this.nodes) if (isIP(node.host) === 0) node.ip = await resolver.lookup(node.host)
    this.#resolvedAtMs = Date.now()
    this.#groups = undefined
  }

  #compileNode(node: NodeConf): UpstreamNode {
    const host = toBinary(node.host)
    const standardPort = SCHEME_PORTS[this.scheme] ?? 80
    const port = node.port ?? standardPort
    return {
      host,
      port,
      weight: node.weight,
      priority: node.priority ?? 0,
      ip: host.replace(/^\[(.*)\]$/, '$1'),
      hostHeader: port === standardPort ? host : `${host}:${port}`,
    }
  }
}

/** Both forms of `nodes`: a list of objects, or `{"host:port": weight}`. */
function normalizeNodes(nodes: readonly NodeConf[] | Readonly<Record<string, number>>): readonly NodeConf[] {
  if (Array.isArray(nodes)) return nodes
  return Object.entries(nodes).map(([address, weight]) => {
    const colon = address.search(/:\d+$/)
    if (colon === -1) return { host: address, weight }
    return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)), weight }
  })
}
