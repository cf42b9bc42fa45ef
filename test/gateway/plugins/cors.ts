import type { RequestContext } from '../context.ts'
import type { PluginDefinition } from './plugin.ts'

interface Conf {
  readonly allow_origins: string
  readonly allow_methods: string
  readonly allow_headers: string
  readonly expose_headers?: string
  readonly max_age: number
  readonly allow_credential: boolean
}

const ALL_METHODS = 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE'

/** apisix/plugins/cors.lua without its regex, metadata and timing options. */
export const cors: PluginDefinition = {
  name: 'cors',
  priority: 4000,
  schema: {
    type: 'object',
    properties: {
      allow_origins: { type: 'string', default: '*' },
      allow_methods: { type: 'string', default: '*' },
      allow_headers: { type: 'string', default: '*' },
      expose_headers: { type: 'string' },
      max_age: { type: 'integer', default: 5 },
      allow_credential: { type: 'boolean', default: false },
    },
    additionalProperties: true,
  },
  check(conf) {
    const unsupported = Object.keys(conf).find((name) => name.includes('_by_') || name.startsWith('timing_'))
    if (unsupported !== undefined) return `the stand-in does not support ${unsupported}`
    const stars = ['allow_origins', 'allow_methods', 'allow_headers', 'expose_headers'].some(
      (name) => conf[name] === '*',
    )
    return conf.allow_credential === true && stars
      ? "you can not set '*' for other option when 'allow_credential' is true"
      : undefined
  },
  create(place) {
    const conf = place.conf as unknown as Conf
    const origins = conf.allow_origins.includes(',') ? new Set(conf.allow_origins.split(',')) : undefined
    const requestOrigin = {}
    const originOf = (ctx: RequestContext) =>
      ctx.slot(requestOrigin, () => ({ value: ctx.headers.get('origin') })).value
    return {
      rewrite(ctx) {
        originOf(ctx)
        return ctx.method === 'OPTIONS' ? { status: 200 } : undefined
      },
      headerFilter(ctx) {
        const origin = originOf(ctx)
        const headers = ctx.respHeaders
        if (conf.allow_origins !== '*') headers.add('Vary', 'Origin')
        const allowed = allowedOrigin(conf.allow_origins, origins, origin)
        if (allowed === undefined) return
        headers.set('Access-Control-Allow-Origin', allowed)
        headers.set(
          'Access-Control-Allow-Methods',
          conf.allow_methods === '**' ? ALL_METHODS : conf.allow_methods,
        )
        headers.set('Access-Control-Max-Age', String(conf.max_age))
        if (conf.expose_headers) headers.set('Access-Control-Expose-Headers', conf.expose_headers)
        headers.set(
          'Access-Control-Allow-Headers',
          conf.allow_headers === '**'
            ? ctx.headers.get('access-control-request-headers')
            : conf.allow_headers,
        )
        if (conf.allow_credential) headers.set('Access-Control-Allow-Credentials', 'true')
      },
    }
  },
}

function allowedOrigin(conf: string, many: ReadonlySet<string> | undefined, origin: string | undefined) {
  if (conf === '**') return origin ?? '*'
  if (many === undefined) return conf
  return origin !== undefined && many.has(origin) ? origin : undefined
}
