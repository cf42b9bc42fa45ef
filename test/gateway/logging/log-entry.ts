import { hostname } from 'node:os'
import type { RequestContext } from '../context.ts'
import { toBinary } from '../http/uri.ts'
import type { HttpLoggerConf } from '../plugins/http-logger.ts'

/** One object to be posted; its strings are binary. Undefined fields are left out, as nil is in Lua. */
export type LogEntry = Record<string, unknown>
export interface LogFormat {
  readonly [name: string]: string | number | boolean | LogFormat
}

const MAX_DEPTH = 5

/** `gen_log_format` and `build_log_entry`: `$name` is a variable, other values stand for themselves. */
export function compileLogFormat(
  format: LogFormat,
  maxReqBodyBytes: number,
  depth = 1,
): (ctx: RequestContext) => LogEntry {
  const fields = Object.entries(format).map(([key, value]): [string, (ctx: RequestContext) => unknown] => {
    const name = toBinary(key)
    if (typeof value === 'object') {
      return [name, depth >= MAX_DEPTH ? () => ({}) : compileLogFormat(value, maxReqBodyBytes, depth + 1)]
    }
    if (typeof value !== 'string') return [name, () => value]
    if (value === '$request_body') return [name, (ctx) => requestBody(ctx, maxReqBodyBytes)]
    if (!value.startsWith('$')) return [name, () => toBinary(value)]
    const variable = toBinary(value.slice(1))
    return [name, (ctx) => ctx.var(variable)]
  })
  return (ctx) => {
    const entry: LogEntry = {}
    for (const [name, read] of fields) entry[name] = read(ctx)
    return entry
  }
}

/** The body as it was after every rewrite; absent when it is empty or nobody read it. */
function requestBody(ctx: RequestContext, maxBytes: number): string | undefined {
  const { body } = ctx
  return body === undefined || body.length === 0 ? undefined : body.subarray(0, maxBytes).toString('latin1')
}

/** `get_full_log`: what is posted without a log_format, credentials included. */
export function fullLogEntry(ctx: RequestContext, conf: HttpLoggerConf, withReqBody: boolean): LogEntry {
  const latency = Date.now() - ctx.startedMs
  const upstreamSeconds = ctx.var('upstream_response_time')
  const upstreamLatency = typeof upstreamSeconds === 'number' ? upstreamSeconds * 1000 : undefined
  const port = ctx.listener.port
  return {
    request: {
      url: `${ctx.listener.scheme}://${ctx.host}:${port}${ctx.requestUri}`,
      uri: ctx.requestUri,
      method: ctx.method,
      headers: toTable(ctx.headers.lines.map(({ lower, value }) => [lower, value])),
      querystring: Object.fromEntries(ctx.uriArgs()),
      size: ctx.target.raw.length + (ctx.body?.length ?? 0),
      body: conf.include_req_body && withReqBody ? requestBody(ctx, conf.max_req_body_bytes) : undefined,
    },
    response: {
      status: ctx.status,
      headers: toTable(ctx.respHeaders.lines.map(({ lower, value }) => [lower, value])),
      size: ctx.bytesSent,
      body: conf.include_resp_body ? ctx.respBody : undefined,
    },
    server: { hostname: hostname(), version: '3.18.0' },
    upstream: ctx.var('upstream_addr'),
    service_id: ctx.route === undefined ? ctx.host : '',
    route_id: ctx.route?.id,
    consumer: ctx.consumer === undefined ? undefined : { username: ctx.consumer.username },
    client_ip: ctx.remoteAddr,
    start_time: ctx.startedMs,
    latency,
    upstream_latency: upstreamLatency,
    apisix_latency: Math.max(latency - (upstreamLatency ?? 0), 0),
  }
}

function toTable(pairs: readonly [string, string][]): Record<string, string | string[]> {
  const table: Record<string, string | string[]> = {}
  for (const [name, value] of pairs) {
    const known = table[name]
    table[name] = known === undefined ? value : [known, value].flat()
  }
  return table
}
