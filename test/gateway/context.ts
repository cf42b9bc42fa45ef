import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeaderList } from './http/header-list.ts'
import { readRequestBody } from './http/request-body.ts'
import { decodeArgs, encodeArgs, type RequestTarget, type UriArgs } from './http/uri.ts'
import type { Consumer } from './routing/consumers.ts'
import type { VarValue } from './routing/expression.ts'
import type { PluginChain } from './routing/plugin-chain.ts'
import type { CompiledRoute } from './routing/routes.ts'
import type { Snapshot } from './routing/snapshot.ts'
import type { Runtime } from './runtime.ts'
import type { PickedNode } from './upstream/balancer.ts'
import type { UpstreamState } from './upstream/state.ts'
import type { CompiledUpstream } from './upstream/upstream.ts'
import { isAssigned, readVar } from './vars.ts'

/** What a listener says about every request that comes through it. */
export interface ListenerInfo {
  readonly scheme: 'http' | 'https'
  readonly port: string
  readonly address: string
}

/** An upstream answer that ext-plugin-post-resp fetched itself (facts section 6). */
export interface FetchedResponse {
  readonly status: number
  readonly headers: HeaderList
  readonly body: AsyncIterable<Buffer>
  chunks?: Buffer[]
}

/** `api_ctx` with the nginx request behind it: everything one request carries through the phases. */
export class RequestContext {
  readonly runtime: Runtime
  readonly snapshot: Snapshot
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly listener: ListenerInfo
  readonly target: RequestTarget
  readonly startedMs = Date.now()
  readonly method: string
  readonly headers: HeaderList
  readonly remoteAddr: string
  readonly peerAddr: string
  /** `$host`: lower case, without port. */
  readonly host: string
  /** `$request_uri` as APISIX overwrites it: normalized, before any rewrite. */
  readonly requestUri: string
  uri: string
  args: string
  isArgs: '?' | ''
  /** nginx's `valid_unparsed_uri`: the client's own bytes are still what goes upstream. */
  uriUntouched = true
  /** `$upstream_uri`, `$upstream_host`, `$upstream_scheme`: what proxy_pass will use. */
  upstreamUri = ''
  upstreamHost: string
  upstreamScheme = 'http'
  disableProxyBuffering = false

  route: CompiledRoute | undefined
  chain: PluginChain | undefined
  confType = ''
  confId = ''
  confVersion = ''
  consumer: Consumer | undefined

  /** Set by traffic-split: another upstream than the route's. */
  upstreamId: string | undefined
  upstream: CompiledUpstream | undefined
  picked: PickedNode | undefined
  readonly attempts: UpstreamState[] = []
  retryDeadlineMs: number | undefined

  status = 0
  /** `ngx.header`: what the answer will carry, set before and after proxying. */
  readonly respHeaders = new HeaderList()
  headerSent = false
  bodyBytesSent = 0
  clientLeft = false
  /** The gateway itself breaks the transfer off, because the provider did. */
  cutOff = false
  /** `ctx.resp_body`: filled for loggers once the last piece has passed. */
  respBody: string | undefined
  upstreamHeaders: HeaderList | undefined
  fetched: FetchedResponse | undefined

  #body: Buffer | undefined
  #uriArgs: UriArgs | undefined
  #requestId: string | undefined
  readonly #vars = new Map<string, VarValue>()
  readonly #slots = new Map<object, unknown>()
  readonly #bytesBefore: number

  constructor(
    runtime: Runtime,
    snapshot: Snapshot,
    req: IncomingMessage,
    res: ServerResponse,
    listener: ListenerInfo,
    target: RequestTarget,
  ) {
    this.runtime = runtime
    this.snapshot = snapshot
    this.req = req
    this.res = res
    this.listener = listener
    this.target = target
    this.method = req.method ?? 'GET'
    this.headers = HeaderList.fromRaw(req.rawHeaders)
    this.uri = target.path
    this.args = target.args
    this.isArgs = target.isArgs
    this.requestUri = target.path + target.isArgs + target.args
    const httpHost = this.headers.get('host') ?? ''
    this.upstreamHost = httpHost
    this.host = (target.host ?? httpHost).replace(/:\d+$/, '').toLowerCase()
    this.peerAddr = plainAddress(req.socket.remoteAddress ?? '')
    this.remoteAddr = this.peerAddr === '127.0.0.1' ? realAddress(this.headers, this.peerAddr) : this.peerAddr
    this.#bytesBefore = req.socket.bytesWritten
  }

  /**
   * `ctx.var[name]` of apisix/core/ctx.lua: what was read once stays, though nginx may have a new value by then. A log
   * entry so has the status and the content type that response-rewrite looked at, not those that it set.
   */
  readonly var = (name: string): VarValue => {
    if (isAssigned(name)) return readVar(this, name)
    const value = this.#vars.get(name) ?? readVar(this, name)
    if (value !== undefined) this.#vars.set(name, value)
    return value
  }

  get requestId(): string {
    this.#requestId ??= this.runtime.newRequestId()
    return this.#requestId
  }

  set requestId(id: string) {
    this.#requestId = id
  }

  /** The request's body once something has read or replaced it. */
  get body(): Buffer | undefined {
    return this.#body
  }

  /** `ngx.req.read_body`: nginx keeps the whole body before proxying, and so do we. */
  async readBody(): Promise<Buffer> {
    this.#body ??= await readRequestBody(this.req)
    return this.#body
  }

  /** `ngx.req.set_body_data`: Content-Length follows. */
  replaceBody(body: Buffer): void {
    if (this.#body === undefined) this.req.resume()
    this.#body = body
    this.headers.delete('transfer-encoding')
    this.headers.set('Content-Length', String(body.length))
  }

  /** `core.request.get_uri_args`: one table per request, shared by all who ask. */
  uriArgs(): UriArgs {
    this.#uriArgs ??= decodeArgs(this.args)
    return this.#uriArgs
  }

  /** `core.request.set_uri_args`. */
  setUriArgs(args: UriArgs | string): void {
    this.#uriArgs = undefined
    this.args = typeof args === 'string' ? args : encodeArgs(args)
    this.isArgs = this.args === '' ? '' : '?'
    this.uriUntouched = false
  }

  /** Per-request state of a plugin, keyed by something only that plugin holds. */
  slot<T>(owner: object, create: () => T): T {
    let value = this.#slots.get(owner) as T | undefined
    if (value === undefined) {
      value = create()
      this.#slots.set(owner, value)
    }
    return value
  }

  /** `$bytes_sent`: status line, headers and body with its chunk framing. */
  get bytesSent(): number {
    return this.req.socket.bytesWritten - this.#bytesBefore
  }
}

/** IPv4 clients of a dual-stack listener look as they do to nginx. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** `real_ip_header X-Real-IP` with `set_real_ip_from 127.0.0.1` (apisix/cli/config.lua). */
function realAddress(headers: HeaderList, peer: string): string {
  const told = headers.get('x-real-ip')
  return told !== undefined && /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/.test(told)
    ? told
    : peer
}
