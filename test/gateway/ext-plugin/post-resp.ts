import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { RequestContext } from '../context.ts'
import { breakTransfer, sendChunk, sendHeader } from '../http/answer.ts'
import { HeaderList } from '../http/header-list.ts'
import { upstreamPath } from '../upstream/attempt.ts'

/**
 * `get_response` of ext-plugin-post-resp.lua: its own connection to the picked node, with the client's headers
 * and no X-Forwarded-For. Undefined when the upstream cannot be reached.
 * @returns what closes the connection.
 */
export async function fetchResponse(ctx: RequestContext): Promise<(() => void) | undefined> {
  const node = ctx.picked
  if (node === undefined) return undefined
  const body = await ctx.readBody()
  const headers = requestHeaders(ctx, body.length)
  const options = {
    host: node.ip,
    port: node.port,
    method: ctx.method,
    path: upstreamPath(ctx),
    headers,
    agent: false as const,
  }
  const request =
    ctx.upstreamScheme === 'https'
      ? httpsRequest({ ...options, rejectUnauthorized: false })
      : httpRequest(options)
  try {
    request.end(body)
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    ctx.fetched = {
      status: response.statusCode ?? 0,
      headers: HeaderList.fromRaw(response.rawHeaders),
      body: response as AsyncIterable<Buffer>,
    }
    return () => request.destroy()
  } catch (error) {
    ctx.runtime.logError(`ext-plugin-post-resp: failed to request: ${String(error)}`)
    return undefined
  }
}

/** The client's headers as they stand now; repeated ones stay repeated. */
function requestHeaders(ctx: RequestContext, bodyBytes: number): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const { lower, value } of ctx.headers.lines) {
    if (lower === 'transfer-encoding' || lower === 'content-length') continue
    const known = headers[lower]
    headers[lower] = known === undefined ? value : [known, value].flat()
  }
  if (bodyBytes > 0) headers['content-length'] = String(bodyBytes)
  return headers
}

/**
 * `send_response`: the fetched body goes on under the status the runner wants. When there is no body at all,
 * nothing is sent and the request is proxied once more, as real APISIX does on HEAD and 204.
 */
export async function sendFetched(ctx: RequestContext): Promise<void> {
  const { fetched } = ctx
  if (fetched === undefined) return
  const begin = () => {
    if (ctx.headerSent) return
    if (ctx.status === 0) ctx.status = fetched.status
    if (!ctx.respHeaders.has('content-type')) ctx.respHeaders.set('Content-Type', 'text/plain')
    sendHeader(ctx)
  }
  try {
    for await (const chunk of fetched.chunks ?? fetched.body) {
      begin()
      if (!sendChunk(ctx, chunk, false)) await Promise.race([once(ctx.res, 'drain'), once(ctx.res, 'close')])
    }
    if (ctx.headerSent) sendChunk(ctx, undefined, true)
  } catch {
    if (ctx.headerSent) breakTransfer(ctx)
  }
}
