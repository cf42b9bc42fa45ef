import { isIP } from 'node:net'
import { HealthChecker, type NodeStatus } from './health.ts'
import type { CompiledUpstream } from './upstream.ts'

/** Keeps one checker per upstream, from its first request on (apisix/healthcheck_manager.lua). */
export class HealthManager {
  readonly #checkers = new Map<string, { version: string; checker: HealthChecker }>()
  readonly #ca: string | undefined

  /** @param ca PEM of `apisix.ssl.ssl_trusted_certificate`, for `https_verify_certificate`. */
  constructor(ca: string | undefined) {
    this.#ca = ca
  }

  /** The upstream's checker; starts or replaces it when its conf is new. */
  checkerOf(upstream: CompiledUpstream): HealthChecker | undefined {
    const checks = upstream.conf.checks
    if (checks === undefined) return undefined
    const known = this.#checkers.get(upstream.key)
    if (known?.version === upstream.version) return known.checker
    known?.checker.stop()
    const targets = upstream.nodes.map((node) => ({
      ip: node.ip,
      port: checks.active?.port ?? node.port,
      hostname: checks.active?.host ?? node.ip,
      hostHeader:
        upstream.conf.pass_host === 'rewrite'
          ? upstream.conf.upstream_host
          : isIP(node.host) === 0
            ? (checks.active?.host ?? node.host)
            : undefined,
    }))
    const checker = new HealthChecker(checks, targets, this.#ca)
    this.#checkers.set(upstream.key, { version: upstream.version, checker })
    return checker
  }

  /** Nodes as the control API lists them; none before the first request. */
  nodesOf(key: string): NodeStatus[] {
    return this.#checkers.get(key)?.checker.nodes() ?? []
  }

  /** Stops the checkers of upstreams that are gone. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, { checker }] of this.#checkers) {
      if (keys.has(key)) continue
      checker.stop()
      this.#checkers.delete(key)
    }
  }

  close(): void {
    this.retain(new Set())
  }
}
