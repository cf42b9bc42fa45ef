/** One listener of the data plane: `node_listen` without, `apisix.ssl.listen` with TLS. */
export interface ListenOptions {
  /** 0 picks a free one. */
  readonly port: number
  readonly host?: string
  readonly tls?: boolean
}

/** What `config.yaml` says in a real APISIX. */
export interface GatewayOptions {
  /** The first is the main one. Default: one plain listener on a free port of 127.0.0.1. */
  readonly listen?: readonly ListenOptions[]
  /** Default 0: a free port. */
  readonly adminPort?: number
  readonly controlPort?: number
  /** Default: a random one. */
  readonly adminKey?: string
  /** `ext-plugin.path_for_test`. */
  readonly runnerSocket?: string
  /** `APISIX_CONF_EXPIRE_TIME`, seconds. */
  readonly confExpireSeconds?: number
  /** The 60 s that APISIX waits for a runner. */
  readonly runnerTimeoutMs?: number
  /** `proxy_next_upstream` of `http_server_configuration_snippet`. nginx's default: `error timeout`. */
  readonly proxyNextUpstream?: string
  /** `proxy_hide_header` of the same snippet: response headers of upstreams that clients do not get. */
  readonly proxyHideHeader?: readonly string[]
  /** `proxy_buffer_size` of the same snippet, bytes: what the head of an upstream's answer must fit. nginx's default: 4096. */
  readonly proxyBufferBytes?: number
  /** Names that /etc/hosts would resolve, such as `llm-fallback.local`. */
  readonly hosts?: Readonly<Record<string, string>>
  /** PEM of `apisix.ssl.ssl_trusted_certificate`; only https health checks verify against it. */
  readonly trustedCertificate?: string
  /** Gets the lines of error.log. Default: nowhere. */
  readonly logError?: (line: string) => void
}
