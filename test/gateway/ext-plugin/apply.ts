import type { RequestContext } from '../context.ts'
import type { HeaderList } from '../http/header-list.ts'
import { type ArgValue, escapeUri } from '../http/uri.ts'
import type { Exit, StepResult } from '../plugins/plugin.ts'
import type { ReqAction, RespReply, RewriteAction, StopAction } from './codec.ts'
import type { TextEntry } from './tables.ts'

/** Response headers that a runner cannot set through Rewrite (`exclude_resp_header`). */
const EXCLUDED = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'location',
  'server',
  'www-authenticate',
  'content-encoding',
  'content-type',
  'content-location',
  'content-language',
])

/** Does to the request what the runner decided (facts section 1). */
export function applyReqAction(ctx: RequestContext, action: ReqAction): StepResult {
  switch (action.kind) {
    case 'stop':
      return applyStop(ctx, action)
    case 'rewrite':
      applyRewrite(ctx, action)
      return undefined
    case 'none':
      return undefined
  }
}

/** Status 0 means 200; without a body the answer is nginx's own page. */
function applyStop(ctx: RequestContext, stop: StopAction): Exit {
  setResponseHeaders(ctx.respHeaders, stop.headers)
  const status = stop.status === 0 ? 200 : stop.status
  return stop.body === undefined ? { status } : { status, body: stop.body }
}

/** The first of a name replaces what was set before, further ones are added. */
function setResponseHeaders(list: HeaderList, headers: readonly TextEntry[]): void {
  const seen = new Set<string>()
  for (const { name, value } of headers) {
    const lower = name.toLowerCase()
    if (seen.has(lower)) {
      if (value !== undefined) list.add(lower, value)
    } else {
      list.set(lower, value)
      seen.add(lower)
    }
  }
}

function applyRewrite(ctx: RequestContext, rewrite: RewriteAction): void {
  const path = rewrite.path === undefined ? undefined : escapeUri(rewrite.path)
  if (path !== undefined) ctx.upstreamUri = path
  for (const { name, value } of rewrite.headers) {
    ctx.headers.set(name, value)
    if (name.toLowerCase() === 'host') ctx.upstreamHost = value ?? ''
  }
  if (rewrite.body !== undefined) ctx.replaceBody(rewrite.body)
  setResponseHeaders(
    ctx.respHeaders,
    rewrite.respHeaders.filter(({ name }) => !EXCLUDED.has(name.toLowerCase())),
  )
  if (rewrite.args.length > 0) rewriteArgs(ctx, rewrite.args)
  if (path !== undefined) ctx.upstreamUri = path + ctx.isArgs + ctx.args
}

function rewriteArgs(ctx: RequestContext, changes: readonly TextEntry[]): void {
  const args = ctx.uriArgs()
  const changed = new Set<string>()
  for (const { name, value } of changes) {
    if (value === undefined) {
      args.delete(name)
      continue
    }
    const known = args.get(name)
    if (!changed.has(name) || known === undefined) args.set(name, value)
    else args.set(name, [...(Array.isArray(known) ? known : [known]), value] satisfies ArgValue[])
    changed.add(name)
  }
  ctx.setUriArgs(args)
}

/** The reply to HTTP_RESP_CALL: headers replace the fetched ones, a body replaces the fetched one. */
export function applyRespReply(ctx: RequestContext, reply: RespReply): StepResult {
  const { fetched } = ctx
  if (reply.headers.length > 0) {
    setResponseHeaders(ctx.respHeaders, reply.headers)
  } else {
    for (const { name, lower, value } of fetched?.headers.lines ?? []) {
      if (!EXCLUDED.has(lower)) ctx.respHeaders.set(name, value)
    }
  }
  const originalStatus = fetched?.status ?? 200
  if (reply.body !== undefined)
    return { status: reply.status === 0 ? originalStatus : reply.status, body: reply.body }
  if (fetched !== undefined && reply.status !== 0) ctx.status = reply.status
  return undefined
}
