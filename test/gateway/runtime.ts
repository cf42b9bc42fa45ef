import { randomBytes } from 'node:crypto'
import type { Store } from './admin/store.ts'
import { RunnerClient } from './ext-plugin/runner-client.ts'
import { escapeUri } from './http/uri.ts'
import { LogSender } from './logging/log-sender.ts'
import type { GatewayOptions } from './options.ts'
import { LimitStore } from './plugins/limit-store.ts'
import type { JsonObject } from './plugins/plugin.ts'
import { compileSnapshot, type Snapshot } from './routing/snapshot.ts'
import { Transport } from './upstream/attempt.ts'
import { HealthManager } from './upstream/health-manager.ts'
import { NextUpstream } from './upstream/next-upstream.ts'
import { Resolver } from './upstream/resolver.ts'

/** What all requests share: the services of the gateway and the compiled resources. */
export class Runtime {
  readonly resolver: Resolver
  readonly runner: RunnerClient
  readonly nextUpstream: NextUpstream
  readonly health: HealthManager
  readonly hiddenHeaders: ReadonlySet<string>
  readonly transport: Transport
  readonly limits = new LimitStore()
  readonly logs: LogSender
  readonly escapeUri = escapeUri
  readonly logError: (line: string) => void
  readonly #store: Store
  #snapshot: Snapshot | undefined

  constructor(options: GatewayOptions, store: Store) {
    this.#store = store
    this.logError = options.logError ?? (() => {})
    this.resolver = new Resolver(options.hosts ?? {})
    this.nextUpstream = new NextUpstream(options.proxyNextUpstream ?? 'error timeout')
    this.health = new HealthManager(options.trustedCertificate)
    this.transport = new Transport(options.proxyBufferBytes ?? 4096)
    this.hiddenHeaders = new Set((options.proxyHideHeader ?? []).map((name) => name.toLowerCase()))
    this.logs = new LogSender(this.logError)
    this.runner = new RunnerClient({
      socketPath: options.runnerSocket,
      confExpireSeconds: options.confExpireSeconds ?? 3600,
      ioTimeoutMs: options.runnerTimeoutMs ?? 60_000,
      logError: this.logError,
    })
  }

  /** The resources as of now, compiled again only after the Admin API changed one. */
  snapshot(): Snapshot {
    if (this.#snapshot?.revision !== this.#store.revision) {
      this.#snapshot = compileSnapshot(this, this.#store, this.#snapshot)
      const keys = [...this.#store.list('upstreams'), ...this.#store.list('routes')].map(
        (resource) => resource.key,
      )
      this.health.retain(new Set(keys))
    }
    return this.#snapshot
  }

  /** `plugin.plugin_metadata(name)`. */
  metadata(name: string): JsonObject | undefined {
    return this.#store.get('plugin_metadata', name)?.checked
  }

  /** nginx's `$request_id`. */
  newRequestId(): string {
    return randomBytes(16).toString('hex')
  }

  close(): void {
    this.runner.close()
    this.health.close()
    this.logs.close()
    this.transport.close()
  }
}
