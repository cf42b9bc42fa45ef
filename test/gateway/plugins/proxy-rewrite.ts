import type { RequestContext } from '../context.ts'
import { escapeControlChars, escapeUri, toBinary } from '../http/uri.ts'
import { compileTemplate } from '../vars.ts'
import type { JsonObject, PluginDefinition, StepResult } from './plugin.ts'

type HeaderValue = string | number
type HeaderMap = Record<string, HeaderValue | readonly HeaderValue[]>

interface HeaderOperations {
  readonly add?: HeaderMap
  readonly set?: HeaderMap
  readonly remove?: readonly string[]
}

interface Conf {
  readonly uri?: string
  readonly method?: string
  readonly regex_uri?: readonly string[]
  readonly host?: string
  readonly headers?: HeaderOperations | HeaderMap
}

const CAPTURES = {}

/** apisix/plugins/proxy-rewrite.lua without `use_real_request_uri_unsafe`; `regex_uri` is JavaScript's dialect. */
export const proxyRewrite: PluginDefinition = {
  name: 'proxy-rewrite',
  priority: 1008,
  schema: {
    type: 'object',
    properties: {
      uri: { type: 'string', minLength: 1, maxLength: 4096, pattern: '^\\/' },
      method: { type: 'string' },
      regex_uri: { type: 'array', minItems: 2, items: { type: 'string' } },
      host: { type: 'string', pattern: '^[0-9a-zA-Z-.]+(:\\d{1,5})?$' },
      headers: { type: 'object', minProperties: 1 },
    },
    minProperties: 1,
  },
  check(conf) {
    const regexUri = conf.regex_uri as readonly string[] | undefined
    if (regexUri !== undefined && regexUri.length % 2 !== 0) {
      return 'The length of regex_uri should be an even number'
    }
    for (let i = 0; i < (regexUri?.length ?? 0); i += 2) {
      try {
        new RegExp(regexUri?.[i] ?? '')
      } catch (error) {
        return `invalid regex_uri(${regexUri?.[i]}): ${String(error)}`
      }
    }
    if (conf.method !== undefined) return 'the stand-in does not support method'
    if (conf.use_real_request_uri_unsafe === true) {
      return 'the stand-in does not support use_real_request_uri_unsafe'
    }
    return undefined
  },
  create(place) {
    const conf = place.conf as unknown as Conf
    const rewriteUri = compileUri(conf)
    const changeHeaders = compileHeaders(conf.headers)
    return {
      rewrite(ctx) {
        if (conf.host !== undefined) ctx.upstreamHost = conf.host
        rewriteUri(ctx)
        changeHeaders(ctx)
        return undefined as StepResult
      },
    }
  },
}

/** The uri is always rewritten, if only to itself: `$upstream_uri` is set in any case. */
function compileUri(conf: Conf): (ctx: RequestContext) => void {
  const template = conf.uri === undefined ? undefined : compileTemplate(toBinary(conf.uri))
  const rules: { readonly regex: RegExp; readonly replacement: string }[] = []
  const pairs = conf.regex_uri ?? []
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const replacement = toBinary(pairs[i + 1] ?? '').replace(/\$\{?(\d+)\}?/g, '$$$1')
    rules.push({ regex: new RegExp(toBinary(pairs[i] ?? '')), replacement })
  }
  return (ctx) => {
    let uri = ctx.uri
    let mayHaveQuery = false
    if (template !== undefined) {
      uri = template(ctx).text
      mayHaveQuery = true
    } else if (rules.length > 0) {
      mayHaveQuery = !uri.includes('?')
      for (const { regex, replacement } of rules) {
        const captures = regex.exec(uri)
        if (captures === null) continue
        ctx.slot(CAPTURES, () => captures)
        uri = uri.replace(regex, replacement)
        break
      }
    }
    const mark = mayHaveQuery ? uri.indexOf('?') : -1
    const escaped =
      mark === -1 ? escapeUri(uri) : escapeUri(uri.slice(0, mark)) + escapeControlChars(uri.slice(mark))
    ctx.uri = mark === -1 ? uri : uri.slice(0, mark)
    ctx.uriUntouched = false
    if (ctx.isArgs === '?') ctx.upstreamUri = `${escaped}${mark === -1 ? '?' : '&'}${ctx.args}`
    else ctx.upstreamUri = escaped
  }
}

function isOperations(headers: HeaderOperations | HeaderMap): headers is HeaderOperations {
  return ['add', 'set', 'remove'].some((name) => typeof (headers as JsonObject)[name] === 'object')
}

function compileHeaders(headers: HeaderOperations | HeaderMap | undefined): (ctx: RequestContext) => void {
  if (headers === undefined) return () => {}
  const operations: HeaderOperations = isOperations(headers) ? headers : { set: headers }
  const added = compileValues(operations.add)
  const set = compileValues(operations.set)
  const removed = (operations.remove ?? []).map((name) => toBinary(name).toLowerCase())
  return (ctx) => {
    for (const { name, values } of added) for (const value of values) ctx.headers.add(name, value(ctx))
    for (const { name, values } of set)
      ctx.headers.set(
        name,
        values.map((value) => value(ctx)),
      )
    for (const name of removed) ctx.headers.delete(name)
  }
}

/** Header values resolve `$1` of regex_uri first, then variables. */
function compileValues(map: HeaderMap | undefined) {
  return Object.entries(map ?? {}).map(([name, value]) => ({
    name: toBinary(name),
    values: (Array.isArray(value) ? value : [value]).map((one) => {
      const text = toBinary(String(one))
      const resolve = compileTemplate(text.replace(/\$\{?\d+\}?/g, ''))
      if (!/\$\{?\d+/.test(text)) return (ctx: RequestContext) => resolve(ctx).text
      return (ctx: RequestContext) => {
        const captures = ctx.slot<readonly string[]>(CAPTURES, () => [])
        return compileTemplate(text.replace(/\$\{?(\d+)\}?/g, (_, n: string) => captures[Number(n)] ?? ''))(
          ctx,
        ).text
      }
    }),
  }))
}
