import type { IncomingMessage } from 'node:http'
import type { RequestContext } from '../context.ts'
import { breakTransfer, sendChunk, sendHeader } from '../http/answer.ts'
import { HeaderList } from '../http/header-list.ts'

/** Response headers that nginx keeps to itself: its ignored ones and the default proxy_hide_header list. */
const HIDDEN = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'server',
  'x-pad',
  'x-accel-expires',
  'x-accel-redirect',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
])

/** Headers nginx holds once: the upstream's replaces one that a plugin had set. */
const SINGLE = new Set([
  'content-type',
  'content-length',
  'date',
  'last-modified',
  'etag',
  'location',
  'expires',
])

/** With proxy_buffering on, pieces are held back until about one 4k buffer is full (facts section 5). */
const BUFFER_BYTES = 4096

/**
 * Sends the upstream's answer to the client piece by piece, with backpressure.
 * A custom header that a plugin has set before stays, the upstream's is added beside it.
 */
export function relay(ctx: RequestContext, response: IncomingMessage): Promise<void> {
  ctx.status = response.statusCode ?? 502
  ctx.upstreamHeaders = HeaderList.fromRaw(response.rawHeaders)
  for (const { name, lower, value } of ctx.upstreamHeaders.lines) {
    if (HIDDEN.has(lower) || ctx.runtime.hiddenHeaders.has(lower)) continue
    if (SINGLE.has(lower)) ctx.respHeaders.set(name, value)
    else ctx.respHeaders.add(name, value)
  }
  const buffered = !ctx.disableProxyBuffering && ctx.upstreamHeaders.get('x-accel-buffering') !== 'no'
  sendHeader(ctx)
  return buffered ? relayBuffered(ctx, response) : relayAsItComes(ctx, response)
}

function relayAsItComes(ctx: RequestContext, response: IncomingMessage): Promise<void> {
  let flushed = false
  // the head goes out alone only when no body arrived with it
  setImmediate(() => {
    if (!flushed && !ctx.res.writableEnded) ctx.res.flushHeaders()
  })
  return pump(ctx, response, (chunk) => {
    flushed = true
    return sendChunk(ctx, chunk, false)
  })
}

function relayBuffered(ctx: RequestContext, response: IncomingMessage): Promise<void> {
  let held: Buffer[] = []
  let heldBytes = 0
  const take = () => {
    const whole = held.length === 1 ? held[0] : Buffer.concat(held)
    held = []
    heldBytes = 0
    return whole
  }
  return pump(
    ctx,
    response,
    (chunk) => {
      held.push(chunk)
      heldBytes += chunk.length
      return heldBytes < BUFFER_BYTES || sendChunk(ctx, take(), false)
    },
    () => (heldBytes === 0 ? undefined : take()),
  )
}

/** Moves the body; resolves when the client has everything, left, or was cut off with the provider. */
function pump(
  ctx: RequestContext,
  response: IncomingMessage,
  write: (chunk: Buffer) => boolean,
  rest: () => Buffer | undefined = () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const resume = () => response.resume()
    ctx.res.on('drain', resume)
    response.on('data', (chunk: Buffer) => {
      if (!write(chunk)) response.pause()
    })
    response.once('end', () => {
      if (!response.complete) return
      sendChunk(ctx, rest(), true)
      resolve()
    })
    response.on('error', () => {
      // cut in mid-stream: what came goes on, then the transfer breaks; or the client left first
      if (!ctx.clientLeft) {
        const last = rest()
        if (last !== undefined) sendChunk(ctx, last, false)
        breakTransfer(ctx)
      }
      resolve()
    })
    response.once('close', resolve)
  })
}
