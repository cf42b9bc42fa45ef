import type { RequestContext } from '../context.ts'
import type { Exit } from '../plugins/plugin.ts'
import { runBodyFilters, runHeaderFilters } from '../routing/run-chain.ts'
import { statuses } from '../upstream/state.ts'
import { closesConnection, errorPage, reasonPhrase, SERVER, withCharset } from './pages.ts'

/** Lengths of chunk framing that nginx counts in `$body_bytes_sent`. */
const LAST_CHUNK_BYTES = 5

/**
 * The header_filter phase and the header itself: APISIX's Server, X-APISIX-Upstream-Status, the plugins' changes.
 * After it `ctx.status` and `ctx.respHeaders` are what the client got.
 */
export function sendHeader(ctx: RequestContext): void {
  const headers = ctx.respHeaders
  headers.set('Server', SERVER)
  setUpstreamStatus(ctx)
  const { globalRules } = ctx.snapshot
  if (globalRules !== undefined) runHeaderFilters(ctx, globalRules)
  if (ctx.chain !== undefined) runHeaderFilters(ctx, ctx.chain)
  const type = headers.get('content-type')
  if (type !== undefined) headers.set('Content-Type', withCharset(type))
  headers.set('Connection', keepsAlive(ctx) ? 'keep-alive' : 'close')
  ctx.headerSent = true
  ctx.res.writeHead(ctx.status, reasonPhrase(ctx.status), headers.toRaw())
}

function keepsAlive(ctx: RequestContext): boolean {
  return ctx.res.shouldKeepAlive && ctx.respHeaders.get('connection') !== 'close'
}

/** `set_resp_upstream_status` in apisix/init.lua: shown when the last status is a 5xx. */
function setUpstreamStatus(ctx: RequestContext): void {
  const all = statuses(ctx.attempts)
  if (all === undefined) return
  const last = Number(all.endsWith(' ') ? all.slice(-6, -2) : all.slice(-3))
  if (last >= 500 && last <= 599) ctx.respHeaders.set('X-APISIX-Upstream-Status', all)
}

function isChunked(ctx: RequestContext): boolean {
  return ctx.req.httpVersion === '1.1' && !ctx.respHeaders.has('content-length') && hasBody(ctx)
}

function hasBody(ctx: RequestContext): boolean {
  return ctx.method !== 'HEAD' && ctx.status !== 204 && ctx.status !== 304
}

/**
 * One piece of body through body_filter and onto the wire.
 * @returns false when the client reads too slowly; then wait for `drain`.
 */
export function sendChunk(ctx: RequestContext, chunk: Buffer | undefined, last: boolean): boolean {
  let out = chunk
  const { globalRules } = ctx.snapshot
  if (globalRules !== undefined) out = runBodyFilters(ctx, globalRules, out, last)
  if (ctx.chain !== undefined) out = runBodyFilters(ctx, ctx.chain, out, last)
  const bytes = hasBody(ctx) ? (out?.length ?? 0) : 0
  ctx.bodyBytesSent += bytes
  if (isChunked(ctx)) {
    if (bytes > 0) ctx.bodyBytesSent += bytes.toString(16).length + 4
    if (last) ctx.bodyBytesSent += LAST_CHUNK_BYTES
  }
  if (last) {
    if (bytes > 0) ctx.res.end(out)
    else ctx.res.end()
    return true
  }
  return bytes === 0 || ctx.res.write(out)
}

/** `core.response.exit(code, body)`: chunked text, or nginx's own page when there is no body. */
export function sendExit(ctx: RequestContext, exit: Exit): void {
  ctx.status = exit.status
  const { body } = exit
  if (body === undefined) {
    sendPage(ctx, exit.status)
    return
  }
  if (!ctx.respHeaders.has('content-type')) ctx.respHeaders.set('Content-Type', 'text/plain')
  sendHeader(ctx)
  sendChunk(ctx, toBuffer(body), true)
}

function toBuffer(body: Buffer | string | object): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`, 'utf8')
}

/** nginx's special response; for a status without page only the header is sent. */
export function sendPage(ctx: RequestContext, status: number): void {
  ctx.status = status
  const page = errorPage(status)
  if (page === undefined) {
    if (!ctx.respHeaders.has('content-type')) ctx.respHeaders.set('Content-Type', 'text/plain')
    sendHeader(ctx)
    sendChunk(ctx, undefined, true)
    return
  }
  const body = Buffer.from(page)
  ctx.respHeaders.set('Content-Type', 'text/html')
  ctx.respHeaders.set('Content-Length', String(body.length))
  if (closesConnection(status)) ctx.respHeaders.set('Connection', 'close')
  sendHeader(ctx)
  sendChunk(ctx, body, true)
}

/** Ends a transfer that cannot be completed: what was written is flushed, the end marker never comes. */
export function breakTransfer(ctx: RequestContext): void {
  ctx.cutOff = true
  ctx.req.socket.destroySoon()
}
