import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Certificates } from './admin/certificates.ts'
import { createAdminServer, createControlServer } from './admin/server.ts'
import { Store } from './admin/store.ts'
import { bind, closeServer, type Listener, listen } from './http/listener.ts'
import type { GatewayOptions } from './options.ts'
import { Runtime } from './runtime.ts'

export type { GatewayOptions, ListenOptions } from './options.ts'

/** An open port of the data plane. */
export interface GatewayListener {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly url: string
}

/** A running stand-in for APISIX 3.18. URLs have no trailing slash. */
export interface Gateway {
  /** The main listener. */
  readonly url: string
  readonly listeners: readonly GatewayListener[]
  /** `http://127.0.0.1:<port>`; the Admin API is below `/apisix/admin`. */
  readonly adminUrl: string
  readonly adminKey: string
  /** Serves `GET /v1/healthcheck`. */
  readonly controlUrl: string
  /** Waits until no request is under way and every log batch is delivered or given up. */
  waitForIdle(): Promise<void>
  /** Cuts all connections and stops all timers. */
  close(): Promise<void>
}

/**
 * Starts a gateway that behaves as APISIX 3.18 does for the plugins in `plugins/index.ts`. It begins empty and is
 * configured through its Admin API only, so that a test of it runs against a real APISIX unchanged.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const store = new Store()
  const runtime = new Runtime(options, store)
  const certificates = new Certificates(store)
  const adminKey = options.adminKey ?? randomBytes(16).toString('hex')
  const listeners: Listener[] = []
  for (const one of options.listen ?? [{ port: 0 }]) {
    listeners.push(await listen(runtime, one, (name) => certificates.find(name)))
  }
  const admin = createAdminServer(store, adminKey)
  const control = createControlServer(store, runtime)
  const adminPort = await bind(admin, options.adminPort ?? 0, '127.0.0.1')
  const controlPort = await bind(control, options.controlPort ?? 0, '127.0.0.1')
  const described = listeners.map(({ host, port, tls }) => ({ host, port, tls, url: urlOf(host, port, tls) }))
  return {
    url: described[0]?.url ?? '',
    listeners: described,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    adminKey,
    controlUrl: `http://127.0.0.1:${controlPort}`,
    async waitForIdle() {
      while (listeners.some((listener) => listener.active() > 0)) await sleep(2)
      await runtime.logs.drain()
    },
    async close() {
      await Promise.all([
        ...listeners.map((listener) => listener.close()),
        closeServer(admin),
        closeServer(control),
      ])
      runtime.close()
    },
  }
}

function urlOf(host: string, port: number, tls: boolean): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
