import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, Agent as SecureAgent } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { RequestContext } from '../context.ts'
import type { Failure } from './next-upstream.ts'
import type { UpstreamState } from './state.ts'
import type { Timeout, UpstreamNode } from './upstream.ts'

/** nginx's proxy_connect_timeout, proxy_send_timeout and proxy_read_timeout. */
export const DEFAULT_TIMEOUT: Timeout = { connect: 60, send: 60, read: 60 }

export type AttemptResult =
  | {
      readonly kind: 'response'
      readonly response: IncomingMessage
      readonly request: ClientRequest
      settle(): void
    }
  | {
      readonly kind: 'failed'
      /** `no_http`: bytes came that are no answer of HTTP. */
      readonly failure: Failure | 'no_http'
      readonly reused: boolean
      readonly requestSent: boolean
    }

/** Headers that proxy_pass makes itself or never passes on. */
const NOT_PASSED = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'expect',
  'upgrade',
  'content-length',
  'x-real-ip',
  'x-forwarded-for',
])

/** The connections to upstreams: kept alive, up to 320 idle ones per node (apisix/cli/config.lua). */
export class Transport {
  readonly #plain = new Agent({ keepAlive: true, maxFreeSockets: 320 })
  readonly #secure = new SecureAgent({ keepAlive: true, maxFreeSockets: 320 })
  readonly #maxHeadBytes: number

  constructor(maxHeadBytes: number) {
    this.#maxHeadBytes = maxHeadBytes
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  /** Sends the request to one node and waits for the response's head; never rejects. */
  attempt(
    ctx: RequestContext,
    node: UpstreamNode,
    state: UpstreamState,
    timeout: Timeout,
  ): Promise<AttemptResult> {
    return new Promise((resolve) => {
      const startedMs = performance.now()
      const body = ctx.body
      const request = this.#open(ctx, node)
      let requestSent = false
      let timedOut = false
      let bytesReadBefore = 0
      let bytesWrittenBefore = 0
      let headBytes = 0
      let socket: Socket | undefined
      const connectTimer = setTimeout(() => {
        timedOut = true
        request.destroy()
      }, timeout.connect * 1000)
      const connected = () => {
        clearTimeout(connectTimer)
        requestSent = true
        state.connectMs = performance.now() - startedMs
        request.setTimeout(timeout.read * 1000)
      }
      const settle = () => {
        state.responseMs = performance.now() - startedMs
        if (socket === undefined) return
        state.bytesReceived = socket.bytesRead - bytesReadBefore
        state.bytesSent = socket.bytesWritten - bytesWrittenBefore
        state.responseLength = Math.max(state.bytesReceived - headBytes, 0)
      }
      const leave = () => request.destroy()
      ctx.res.once('close', leave)
      request.once('socket', (assigned) => {
        socket = assigned
        bytesReadBefore = assigned.bytesRead
        bytesWrittenBefore = assigned.bytesWritten
        if (request.reusedSocket) connected()
        else assigned.once(ctx.upstreamScheme === 'https' ? 'secureConnect' : 'connect', connected)
      })
      request.on('timeout', () => {
        if (ctx.headerSent && ctx.res.writableNeedDrain) return
        timedOut = true
        request.destroy()
      })
      request.once('response', (response) => {
        state.headerMs = performance.now() - startedMs
        state.status = response.statusCode ?? 0
        headBytes = headLength(response)
        if (headBytes <= this.#maxHeadBytes) return resolve({ kind: 'response', response, request, settle })
        settle()
        request.destroy()
        resolve({ kind: 'failed', failure: 'invalid_header', reused: request.reusedSocket, requestSent })
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        settle()
        const failure = timedOut ? 'timeout' : failureOf(error)
        resolve({ kind: 'failed', failure, reused: request.reusedSocket, requestSent })
      })
      request.once('close', () => {
        clearTimeout(connectTimer)
        ctx.res.off('close', leave)
      })
      request.end(body)
    })
  }

  #open(ctx: RequestContext, node: UpstreamNode): ClientRequest {
    const secure = ctx.upstreamScheme === 'https'
    const options = {
      host: node.ip,
      port: node.port,
      method: ctx.method,
      path: upstreamPath(ctx),
      setHost: false,
      maxHeaderSize: 2 * this.#maxHeadBytes,
      agent: secure ? this.#secure : this.#plain,
    }
    const request = secure
      ? httpsRequest({ ...options, servername: serverName(ctx.upstreamHost), rejectUnauthorized: false })
      : httpRequest(options)
    setHeaders(ctx, request)
    return request
  }
}

/** Codes of Node's parser that tell of the status line: nginx takes such an answer for one of HTTP/0.9. */
const BAD_STATUS_LINE = new Set(['HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION', 'HPE_INVALID_STATUS'])

function failureOf({ code = '' }: NodeJS.ErrnoException): Failure | 'no_http' {
  if (BAD_STATUS_LINE.has(code)) return 'no_http'
  return code.startsWith('HPE_') ? 'invalid_header' : 'error'
}

/** Length of a response's head as it came over the wire; what follows counts in `$upstream_response_length`. */
function headLength(response: IncomingMessage): number {
  const { rawHeaders } = response
  let bytes = 'HTTP/1.1 200 \r\n\r\n'.length + (response.statusMessage?.length ?? 0)
  for (const text of rawHeaders) bytes += text.length
  return bytes + 2 * rawHeaders.length
}

/** `proxy_ssl_name $upstream_host`: without port; an address sends no SNI. */
function serverName(host: string): string {
  const name = host.replace(/:\d+$/, '')
  return isIP(name) === 0 ? name : ''
}

/** `$upstream_uri`, or the client's own bytes, or the escaped uri when the arguments were rewritten. */
export function upstreamPath(ctx: RequestContext): string {
  if (ctx.upstreamUri !== '') return ctx.upstreamUri
  if (ctx.uriUntouched) return ctx.target.raw
  return ctx.runtime.escapeUri(ctx.uri) + ctx.isArgs + ctx.args
}

/** The header lines in nginx's order: its own first, then the request's. */
function setHeaders(ctx: RequestContext, request: ClientRequest): void {
  request.removeHeader('Connection')
  request.setHeader('Host', ctx.upstreamHost)
  request.setHeader('X-Real-IP', ctx.remoteAddr)
  const forwarded = ctx.headers.joined('x-forwarded-for')
  request.setHeader(
    'X-Forwarded-For',
    forwarded === undefined ? ctx.remoteAddr : `${forwarded}, ${ctx.remoteAddr}`,
  )
  const body = ctx.body
  if (body !== undefined && (body.length > 0 || ctx.headers.has('content-length'))) {
    request.setHeader('Content-Length', body.length)
  }
  for (const line of ctx.headers.lines) {
    if (NOT_PASSED.has(line.lower)) continue
    if (request.hasHeader(line.lower)) request.appendHeader(line.name, line.value)
    else request.setHeader(line.name, line.value)
  }
}
