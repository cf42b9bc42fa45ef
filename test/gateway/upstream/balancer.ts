import { createHash, randomInt } from 'node:crypto'
import type { RequestContext } from '../context.ts'
import type { UpstreamConf, UpstreamNode } from './upstream.ts'

/** The node a request goes to; `hostHeader` is used under `pass_host: node`. */
export type PickedNode = UpstreamNode

interface Picker {
  pick(ctx: RequestContext, tried: ReadonlySet<UpstreamNode>): UpstreamNode | undefined
}

/** Nodes by priority, highest first, each priority with its own picker (apisix/balancer/priority.lua). */
export class NodeGroups {
  readonly pickers: readonly Picker[]
  readonly statusVersion: number
  readonly checked: boolean

  constructor(nodes: readonly UpstreamNode[], conf: UpstreamConf, statusVersion: number, checked: boolean) {
    this.statusVersion = statusVersion
    this.checked = checked
    const priorities = [...new Set(nodes.map((node) => node.priority))].sort((a, b) => b - a)
    this.pickers = priorities.map((priority) => {
      const group = nodes.filter((node) => node.priority === priority)
      return conf.type === 'chash' ? new ConsistentHash(group, conf) : new RoundRobin(group)
    })
  }
}

/** Weighted round robin as lua-resty-roundrobin walks it, from a random start. */
class RoundRobin implements Picker {
  readonly #nodes: readonly UpstreamNode[]
  readonly #gcd: number
  readonly #max: number
  #index: number
  #weight: number

  constructor(nodes: readonly UpstreamNode[]) {
    this.#nodes = nodes.filter((node) => node.weight > 0)
    this.#gcd = this.#nodes.reduce((gcd, node) => greatestCommonDivisor(gcd, node.weight), 0)
    this.#max = Math.max(0, ...this.#nodes.map((node) => node.weight))
    this.#weight = this.#max
    this.#index = this.#nodes.length > 1 ? randomInt(this.#nodes.length) - 1 : -1
  }

  pick(_ctx: RequestContext, tried: ReadonlySet<UpstreamNode>): UpstreamNode | undefined {
    if (this.#nodes.every((node) => tried.has(node))) return undefined
    for (;;) {
      const node = this.#next()
      if (node === undefined || !tried.has(node)) return node
    }
  }

  #next(): UpstreamNode | undefined {
    if (this.#nodes.length === 0) return undefined
    for (;;) {
      this.#index += 1
      if (this.#index >= this.#nodes.length) {
        this.#index = 0
        this.#weight -= this.#gcd
        if (this.#weight <= 0) this.#weight = this.#max
      }
      const node = this.#nodes[this.#index]
      if (node !== undefined && node.weight >= this.#weight) return node
    }
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** `type: chash`: the same key keeps its node; which node that is differs from real APISIX. */
class ConsistentHash implements Picker {
  readonly #ring: { point: number; node: UpstreamNode }[] = []
  readonly #hashOn: string
  readonly #key: string

  constructor(nodes: readonly UpstreamNode[], conf: UpstreamConf) {
    this.#hashOn = conf.hash_on ?? 'vars'
    this.#key = conf.key ?? ''
    for (const node of nodes) {
      for (let i = 0; i < 40 * node.weight; i++) {
        this.#ring.push({ point: hashOf(`${node.host}:${node.port}-${i}`), node })
      }
    }
    this.#ring.sort((a, b) => a.point - b.point)
  }

  pick(ctx: RequestContext, tried: ReadonlySet<UpstreamNode>): UpstreamNode | undefined {
    const point = hashOf(this.#keyOf(ctx))
    const start = this.#ring.findIndex((entry) => entry.point >= point)
    for (let i = 0; i < this.#ring.length; i++) {
      const entry = this.#ring[(Math.max(start, 0) + i) % this.#ring.length]
      if (entry !== undefined && !tried.has(entry.node)) return entry.node
    }
    return undefined
  }

  #keyOf(ctx: RequestContext): string {
    const name =
      this.#hashOn === 'header'
        ? `http_${this.#key}`
        : this.#hashOn === 'cookie'
          ? `cookie_${this.#key}`
          : this.#hashOn === 'consumer'
            ? 'consumer_name'
            : this.#key
    return String(ctx.var(name) ?? ctx.remoteAddr)
  }
}

function hashOf(text: string): number {
  return createHash('sha1').update(text).digest().readUInt32BE(0)
}

/** The choices of one request: which nodes it has tried, and at which priority it stands. */
export class NodeChoice {
  readonly #groups: NodeGroups
  #priority = 0
  #tried = new Set<UpstreamNode>()
  #current: UpstreamNode | undefined

  constructor(groups: NodeGroups) {
    this.#groups = groups
  }

  /** The first node, or after a failure one that was not tried yet; undefined when all were. */
  next(ctx: RequestContext): UpstreamNode | undefined {
    if (this.#current !== undefined) this.#tried.add(this.#current)
    for (; this.#priority < this.#groups.pickers.length; this.#priority++) {
      const node = this.#groups.pickers[this.#priority]?.pick(ctx, this.#tried)
      if (node !== undefined) {
        this.#current = node
        return node
      }
      this.#tried = new Set()
    }
    this.#current = undefined
    return undefined
  }
}
