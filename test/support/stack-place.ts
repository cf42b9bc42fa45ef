/** Where the gateway of a stack is and what it can reach: our own one, or a real APISIX that somebody started. */
export interface RealApisix {
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly adminKey: string
  readonly controlUrl: string
  readonly runnerSocket: string
  /** Its plain loopback listener for failovers, and the TLS one. */
  readonly fallbackPort: number
  readonly fallbackTlsPort: number
  /** How it reaches the scripted providers and the usage server of the runner. */
  readonly providerHost: string
  readonly usageHost: string
}

type Env = Readonly<Record<string, string | undefined>>

/** Reads the E2E_ variables of test/README.md. undefined: no real APISIX is named. @throws naming what is missing */
export function realApisix(env: Env = process.env): RealApisix | undefined {
  if (env.E2E_GATEWAY_URL === undefined) return undefined
  const needed = (name: string) => {
    const value = env[name]
    if (value === undefined) throw new Error(`E2E_GATEWAY_URL is set, ${name} is not: see test/README.md`)
    return value
  }
  return {
    gatewayUrl: needed('E2E_GATEWAY_URL').replace(/\/+$/, ''),
    adminUrl: needed('E2E_ADMIN_URL').replace(/\/+$/, ''),
    adminKey: needed('E2E_ADMIN_KEY'),
    runnerSocket: needed('E2E_RUNNER_SOCKET'),
    controlUrl: (env.E2E_CONTROL_URL ?? 'http://127.0.0.1:9090').replace(/\/+$/, ''),
    fallbackPort: Number(env.E2E_FALLBACK_PORT ?? 9081),
    fallbackTlsPort: Number(env.E2E_FALLBACK_TLS_PORT ?? 9444),
    providerHost: env.E2E_PROVIDER_HOST ?? '127.0.0.1',
    usageHost: env.E2E_USAGE_HOST ?? '127.0.0.1',
  }
}

/** What servers that this host reaches must listen on. */
export function listenHostFor(reachedAs: string): string {
  return reachedAs === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0'
}
