import type { RequestContext } from './context.ts'
import type { VarValue } from './routing/expression.ts'
import * as upstream from './upstream/state.ts'

type Getter = (ctx: RequestContext) => VarValue

/** `ngx.now`-style seconds with milliseconds, as a number. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

function isoTime(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)
  const size = Math.abs(offset)
  return `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

/** The variables of facts section 6 and those that plugins compare; numbers where lua-resty-ngxvar gives numbers. */
const GETTERS: Record<string, Getter> = {
  method: (ctx) => ctx.method,
  request_method: (ctx) => ctx.method,
  uri: (ctx) => ctx.uri,
  document_uri: (ctx) => ctx.uri,
  request_uri: (ctx) => ctx.requestUri,
  real_request_uri: (ctx) => ctx.target.raw,
  request: (ctx) => `${ctx.method} ${ctx.target.raw} HTTP/${ctx.req.httpVersion}`,
  request_line: (ctx) => `${ctx.method} ${ctx.target.raw} HTTP/${ctx.req.httpVersion}`,
  args: (ctx) => (ctx.args === '' ? undefined : ctx.args),
  query_string: (ctx) => (ctx.args === '' ? undefined : ctx.args),
  is_args: (ctx) => ctx.isArgs,
  host: (ctx) => ctx.host,
  scheme: (ctx) => ctx.listener.scheme,
  https: (ctx) => (ctx.listener.scheme === 'https' ? 'on' : undefined),
  server_port: (ctx) => ctx.listener.port,
  server_addr: (ctx) => ctx.listener.address,
  server_protocol: (ctx) => `HTTP/${ctx.req.httpVersion}`,
  remote_addr: (ctx) => ctx.remoteAddr,
  realip_remote_addr: (ctx) => ctx.peerAddr,
  remote_port: (ctx) => String(ctx.req.socket.remotePort ?? ''),
  content_type: (ctx) => ctx.headers.get('content-type'),
  content_length: (ctx) => ctx.headers.get('content-length'),
  request_id: (ctx) => ctx.requestId,
  apisix_request_id: (ctx) => ctx.requestId,
  request_body: (ctx) =>
    ctx.body === undefined || ctx.body.length === 0 ? undefined : ctx.body.toString('latin1'),
  request_time: (ctx) => seconds(Date.now() - ctx.startedMs),
  request_completion: (ctx) => (ctx.clientLeft ? '' : 'OK'),
  consumer_name: (ctx) => ctx.consumer?.name,
  route_id: (ctx) => ctx.route?.id,
  route_name: (ctx) => ctx.route?.name,
  status: (ctx) => (ctx.status === 0 ? undefined : ctx.status),
  resp_body: (ctx) => ctx.respBody ?? '',
  bytes_sent: (ctx) => ctx.bytesSent,
  body_bytes_sent: (ctx) => String(ctx.bodyBytesSent),
  time_iso8601: () => isoTime(new Date()),
  msec: () => (Date.now() / 1000).toFixed(3),
  pid: () => String(process.pid),
  balancer_ip: (ctx) => ctx.picked?.ip,
  balancer_port: (ctx) => (ctx.picked === undefined ? undefined : String(ctx.picked.port)),
  upstream_uri: (ctx) => ctx.upstreamUri,
  upstream_host: (ctx) => ctx.upstreamHost,
  upstream_scheme: (ctx) => ctx.upstreamScheme,
  upstream_unresolved_host: (ctx) => ctx.picked?.host ?? '',
  upstream_addr: (ctx) => upstream.addresses(ctx.attempts),
  upstream_status: (ctx) => upstream.statuses(ctx.attempts),
  upstream_connect_time: (ctx) => upstream.connectTime(ctx.attempts),
  upstream_header_time: (ctx) => upstream.headerTime(ctx.attempts),
  upstream_response_time: (ctx) => upstream.responseTime(ctx.attempts),
  upstream_response_length: (ctx) => upstream.responseLengths(ctx.attempts),
  upstream_bytes_received: (ctx) => upstream.bytesReceived(ctx.attempts),
  upstream_bytes_sent: (ctx) => upstream.bytesSent(ctx.attempts),
}

const PREFIXES: readonly [string, (rest: string) => Getter][] = [
  ['http_', requestHeader],
  ['arg_', argument],
  ['cookie_', cookie],
  ['sent_http_', sentHeader],
  ['upstream_http_', upstreamHeader],
]

/** nginx finds `x-a-b` and, with `underscores_in_headers on`, `x_a_b` under `$http_x_a_b`. */
function requestHeader(rest: string): Getter {
  const lower = rest.toLowerCase().replaceAll('_', '-')
  return (ctx) =>
    ctx.headers.joined(lower) ?? (lower.includes('-') ? ctx.headers.joined(rest.toLowerCase()) : undefined)
}

function sentHeader(rest: string): Getter {
  const lower = rest.toLowerCase().replaceAll('_', '-')
  return (ctx) => ctx.respHeaders.joined(lower)
}

function upstreamHeader(rest: string): Getter {
  const lower = rest.toLowerCase().replaceAll('_', '-')
  return (ctx) => ctx.upstreamHeaders?.joined(lower)
}

function argument(name: string): Getter {
  return (ctx) => {
    const value = ctx.uriArgs().get(name)
    const first = Array.isArray(value) ? value[0] : value
    return first === true ? '' : first
  }
}

function cookie(name: string): Getter {
  return (ctx) => {
    for (const part of (ctx.headers.get('cookie') ?? '').split(';')) {
      const equals = part.indexOf('=')
      if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
    }
    return undefined
  }
}

const cache = new Map<string, Getter>(Object.entries(GETTERS))
const CACHE_LIMIT = 2000

function getterOf(name: string): Getter {
  for (const [prefix, create] of PREFIXES) {
    if (name.startsWith(prefix)) return create(name.slice(prefix.length))
  }
  return () => undefined
}

/** What APISIX assigns through `ctx.var` while a request passes, or never keeps: always read anew. */
const ASSIGNED = new Set([
  ...['uri', 'request_uri', 'args', 'is_args', 'query_string', 'request_id', 'apisix_request_id'],
  ...[
    'upstream_uri',
    'upstream_host',
    'upstream_scheme',
    'upstream_unresolved_host',
    'balancer_ip',
    'balancer_port',
  ],
])

export const isAssigned = (name: string): boolean => ASSIGNED.has(name)

/** `ngx.var[name]`; an unknown name is nil, never an error. */
export function readVar(ctx: RequestContext, name: string): VarValue {
  let getter = cache.get(name)
  if (getter === undefined) {
    getter = getterOf(name)
    if (cache.size < CACHE_LIMIT) cache.set(name, getter)
  }
  return getter(ctx)
}

/** `core.utils.resolve_var`: `$name` and `${name}` replaced, an unset one by nothing. */
export function compileTemplate(text: string): (ctx: RequestContext) => { text: string; resolved: number } {
  if (!text.includes('$')) return () => ({ text, resolved: 0 })
  return (ctx) => {
    let resolved = 0
    const result = text.replace(
      /(\\?)\$(?:\{(\w+)\}|(\w+))/g,
      (whole, slash: string, braced?: string, bare?: string) => {
        if (slash !== '') return whole
        const value = readVar(ctx, braced ?? bare ?? '')
        if (value !== undefined) resolved++
        return value === undefined ? '' : String(value)
      },
    )
    return { text: result, resolved }
  }
}
