import { BlockList } from 'node:net'
import { compileExpression, type Expression, type VarReader } from './expression.ts'
import type { CompiledRoute, RouteConf } from './routes.ts'

/** What a request shows to the router. */
export interface Matchable {
  readonly method: string
  readonly uri: string
  readonly host: string
  readonly remoteAddr: string
  readonly var: VarReader
}

interface Candidate {
  readonly route: CompiledRoute
  readonly methods: ReadonlySet<string> | undefined
  readonly addresses: BlockList | undefined
  readonly vars: Expression | undefined
}

/**
 * Routes as `radixtree_host_uri` matches them: a host's own routes before those without host (longest host first),
 * an exact uri before prefixes, longer prefixes first, and `priority` only among routes of the same uri.
 */
export class RouteTable {
  readonly #hosts: { test(host: string): boolean; length: number; paths: PathTable }[] = []
  readonly #anyHost = new PathTable()

  constructor(routes: readonly CompiledRoute[]) {
    const tables = new Map<string, PathTable>()
    for (const route of routes) {
      if (route.conf.status === 0) continue
      const candidate = compileCandidate(route)
      const hosts = route.conf.hosts ?? (route.conf.host === undefined ? [] : [route.conf.host])
      if (hosts.length === 0) this.#anyHost.add(candidate)
      for (const host of hosts) {
        const table = tables.get(host) ?? new PathTable()
        tables.set(host, table)
        table.add(candidate)
      }
    }
    for (const [host, paths] of tables) {
      const test = host.startsWith('*')
        ? (name: string) => name.endsWith(host.slice(1).toLowerCase())
        : (name: string) => name === host.toLowerCase()
      this.#hosts.push({ test, length: host.startsWith('*') ? host.length - 1 : host.length + 1000, paths })
      paths.sort()
    }
    this.#hosts.sort((a, b) => b.length - a.length)
    this.#anyHost.sort()
  }

  match(request: Matchable): CompiledRoute | undefined {
    for (const host of this.#hosts) {
      if (!host.test(request.host)) continue
      const found = host.paths.match(request)
      if (found !== undefined) return found
    }
    return this.#anyHost.match(request)
  }
}

class PathTable {
  readonly #exact = new Map<string, Candidate[]>()
  readonly #prefixes = new Map<string, Candidate[]>()
  #byLength: [string, Candidate[]][] = []

  add(candidate: Candidate): void {
    for (const uri of candidate.route.conf.uris ?? [candidate.route.conf.uri ?? '']) {
      const star = uri.indexOf('*')
      const [table, key] = star === -1 ? [this.#exact, uri] : [this.#prefixes, uri.slice(0, star)]
      const known = table.get(key)
      if (known === undefined) table.set(key, [candidate])
      else known.push(candidate)
    }
  }

  sort(): void {
    const byPriority = (a: Candidate, b: Candidate) => b.route.conf.priority - a.route.conf.priority
    for (const list of this.#exact.values()) list.sort(byPriority)
    for (const list of this.#prefixes.values()) list.sort(byPriority)
    this.#byLength = [...this.#prefixes].sort(([a], [b]) => b.length - a.length)
  }

  match(request: Matchable): CompiledRoute | undefined {
    const exact = this.#exact.get(request.uri)
    const found = exact === undefined ? undefined : firstMatch(exact, request)
    if (found !== undefined) return found
    for (const [prefix, candidates] of this.#byLength) {
      if (!request.uri.startsWith(prefix)) continue
      const match = firstMatch(candidates, request)
      if (match !== undefined) return match
    }
    return undefined
  }
}

function firstMatch(candidates: readonly Candidate[], request: Matchable): CompiledRoute | undefined {
  for (const { route, methods, addresses, vars } of candidates) {
    if (methods !== undefined && !methods.has(request.method)) continue
    if (addresses !== undefined && !addresses.check(request.remoteAddr, family(request.remoteAddr))) continue
    if (vars === undefined || vars(request.var)) return route
  }
  return undefined
}

function compileCandidate(route: CompiledRoute): Candidate {
  const { methods, vars } = route.conf
  return {
    route,
    methods: methods === undefined ? undefined : new Set(methods),
    addresses: compileAddresses(route.conf),
    vars: vars === undefined ? undefined : compileExpression(vars),
  }
}

function compileAddresses(conf: RouteConf): BlockList | undefined {
  const addresses = conf.remote_addrs ?? (conf.remote_addr === undefined ? [] : [conf.remote_addr])
  if (addresses.length === 0) return undefined
  const list = new BlockList()
  for (const address of addresses) {
    const [network, bits] = address.split('/')
    if (bits === undefined) list.addAddress(address, family(address))
    else list.addSubnet(network ?? '', Number(bits), family(address))
  }
  return list
}

function family(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
