import type { RequestContext } from '../context.ts'
import { toBinary } from '../http/uri.ts'
import type { Consumer } from '../routing/consumers.ts'
import type { PluginDefinition } from './plugin.ts'

interface Conf {
  readonly header: string
  readonly query: string
  readonly realm: string
  readonly hide_credentials: boolean
  readonly anonymous_consumer?: string
}

/** apisix/plugins/key-auth.lua (facts section 3). */
export const keyAuth: PluginDefinition = {
  name: 'key-auth',
  priority: 2500,
  type: 'auth',
  schema: {
    type: 'object',
    properties: {
      header: { type: 'string', default: 'apikey' },
      query: { type: 'string', default: 'apikey' },
      realm: { type: 'string', minLength: 1, maxLength: 128, default: 'key' },
      hide_credentials: { type: 'boolean', default: false },
      anonymous_consumer: { type: 'string', minLength: 1 },
    },
  },
  consumerSchema: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
  create(place) {
    const conf = place.conf as unknown as Conf
    const header = toBinary(conf.header).toLowerCase()
    const query = toBinary(conf.query)
    return {
      rewrite(ctx) {
        const found = findConsumer(ctx, header, query, conf)
        if (typeof found !== 'string') {
          attachConsumer(ctx, found)
          return undefined
        }
        const anonymous =
          conf.anonymous_consumer === undefined
            ? undefined
            : ctx.snapshot.consumers.find(conf.anonymous_consumer)
        if (anonymous !== undefined) {
          if (conf.hide_credentials) hideCredentials(ctx, header, query)
          attachConsumer(ctx, anonymous)
          return undefined
        }
        ctx.respHeaders.set('WWW-Authenticate', `apikey realm="${conf.realm}"`)
        const message = conf.anonymous_consumer === undefined ? found : 'Invalid user authorization'
        return { status: 401, body: { message } }
      },
    }
  },
}

function findConsumer(ctx: RequestContext, header: string, query: string, conf: Conf): Consumer | string {
  const fromHeader = ctx.headers.get(header)
  const fromQuery = fromHeader === undefined ? ctx.uriArgs().get(query) : undefined
  const key = fromHeader ?? fromQuery
  if (key === undefined) return 'Missing API key in request'
  const consumer = typeof key === 'string' ? ctx.snapshot.consumers.findByKey(key) : undefined
  if (consumer === undefined) return 'Invalid API key in request'
  if (conf.hide_credentials) {
    if (fromHeader !== undefined) ctx.headers.delete(header)
    else hideInQuery(ctx, query)
  }
  return consumer
}

function hideCredentials(ctx: RequestContext, header: string, query: string): void {
  ctx.headers.delete(header)
  if (ctx.uriArgs().has(query)) hideInQuery(ctx, query)
}

function hideInQuery(ctx: RequestContext, query: string): void {
  const args = ctx.uriArgs()
  args.delete(query)
  ctx.setUriArgs(args)
}

/** `consumer.attach_consumer`: what a client sent under these names is overwritten or removed. */
function attachConsumer(ctx: RequestContext, consumer: Consumer): void {
  ctx.consumer = consumer
  ctx.headers.set('X-Consumer-Username', consumer.username)
  ctx.headers.set('X-Credential-Identifier', undefined)
  ctx.headers.set('X-Consumer-Custom-ID', consumer.customId)
}
