import type { RequestContext } from '../context.ts'
import { toBinary } from '../http/uri.ts'
import { compileExpression, ExpressionError } from '../routing/expression.ts'
import { compileTemplate } from '../vars.ts'
import type { JsonObject, PluginDefinition } from './plugin.ts'

interface HeaderOperations {
  readonly add?: readonly string[]
  readonly set?: Record<string, string | number>
  readonly remove?: readonly string[]
}

interface Conf {
  readonly status_code?: number
  readonly headers?: JsonObject
  readonly body?: string
  readonly body_base64: boolean
  readonly vars?: unknown
}

/** apisix/plugins/response-rewrite.lua without `filters`. */
export const responseRewrite: PluginDefinition = {
  name: 'response-rewrite',
  priority: 899,
  schema: {
    type: 'object',
    properties: {
      status_code: { type: 'integer', minimum: 200, maximum: 598 },
      headers: { type: 'object' },
      body: { type: 'string' },
      body_base64: { type: 'boolean', default: false },
      vars: { type: 'array' },
    },
  },
  check(conf) {
    if (conf.filters !== undefined) return 'the stand-in does not support filters'
    if (conf.body_base64 === true && !conf.body) return 'invalid base64 content'
    try {
      if (conf.vars !== undefined) compileExpression(conf.vars)
    } catch (error) {
      if (error instanceof ExpressionError)
        return `failed to validate the 'vars' expression: ${error.message}`
      throw error
    }
    return undefined
  },
  create(place) {
    const conf = place.conf as unknown as Conf
    const matches = conf.vars === undefined ? undefined : compileExpression(conf.vars)
    const changeHeaders = compileHeaders(conf.headers)
    const body =
      conf.body === undefined ? undefined : Buffer.from(conf.body, conf.body_base64 ? 'base64' : 'utf8')
    const state = {}
    return {
      headerFilter(ctx) {
        const matched = matches === undefined || matches(ctx.var)
        ctx.slot(state, () => ({ matched, sent: false }))
        if (!matched) return
        if (conf.status_code !== undefined) ctx.status = conf.status_code
        if (body !== undefined) {
          for (const name of ['content-length', 'content-encoding', 'last-modified', 'etag']) {
            ctx.respHeaders.delete(name)
          }
        }
        changeHeaders(ctx)
      },
      bodyFilter(ctx, chunk, last) {
        const progress = ctx.slot(state, () => ({ matched: false, sent: false }))
        if (body === undefined || !progress.matched) return chunk
        if (progress.sent || (chunk === undefined && !last)) return undefined
        progress.sent = true
        return body
      },
    }
  },
}

/** Order as in the plugin: add, set, remove; values resolve variables. */
function compileHeaders(conf: JsonObject | undefined): (ctx: RequestContext) => void {
  if (conf === undefined) return () => {}
  const isNew = ['add', 'set', 'remove'].some((name) => typeof conf[name] === 'object')
  const operations = (isNew ? conf : { set: conf }) as HeaderOperations
  const added = (operations.add ?? []).flatMap((line) => {
    const parts = line.match(/^([^:\s]+)\s*:\s*([^:]+)$/)
    return parts === null
      ? []
      : [{ name: toBinary(parts[1] ?? ''), value: compileTemplate(toBinary(parts[2] ?? '')) }]
  })
  const set = Object.entries(operations.set ?? {}).map(([name, value]) => ({
    name: toBinary(name),
    value: compileTemplate(toBinary(String(value))),
  }))
  const removed = (operations.remove ?? []).map((name) => name.toLowerCase())
  return (ctx) => {
    for (const { name, value } of added) ctx.respHeaders.add(name, value(ctx).text)
    for (const { name, value } of set) ctx.respHeaders.set(name, value(ctx).text)
    for (const name of removed) ctx.respHeaders.delete(name)
  }
}
