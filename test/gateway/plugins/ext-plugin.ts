import { fetchResponse, sendFetched } from '../ext-plugin/post-resp.ts'
import type { ExtPluginConf } from '../ext-plugin/runner-client.ts'
import { toBinary } from '../http/uri.ts'
import type { JsonObject, PluginDefinition } from './plugin.ts'

const schema = {
  type: 'object',
  properties: {
    conf: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 128 },
          value: { type: 'string' },
        },
        required: ['name', 'value'],
      },
      minItems: 1,
    },
    allow_degradation: { type: 'boolean', default: false },
  },
}

function compile(conf: JsonObject): ExtPluginConf {
  const entries = conf.conf as readonly { name: string; value: string }[] | undefined
  return {
    conf: entries?.map(({ name, value }) => ({ name: toBinary(name), value: toBinary(value) })),
    allowDegradation: conf.allow_degradation === true,
  }
}

/** apisix/plugins/ext-plugin-pre-req.lua: before auth unless `_meta.priority` says otherwise (facts section 3). */
export const extPluginPreReq: PluginDefinition = {
  name: 'ext-plugin-pre-req',
  priority: 12000,
  schema,
  create(place) {
    const conf = compile(place.conf)
    return { rewrite: (ctx) => ctx.runtime.runner.communicate(ctx, conf, 'ext-plugin-pre-req', 'req') }
  },
}

/** apisix/plugins/ext-plugin-post-req.lua. */
export const extPluginPostReq: PluginDefinition = {
  name: 'ext-plugin-post-req',
  priority: -3000,
  schema,
  create(place) {
    const conf = compile(place.conf)
    return { access: (ctx) => ctx.runtime.runner.communicate(ctx, conf, 'ext-plugin-post-req', 'req') }
  },
}

/** apisix/plugins/ext-plugin-post-resp.lua: fetches the upstream itself, without retries (facts section 6). */
export const extPluginPostResp: PluginDefinition = {
  name: 'ext-plugin-post-resp',
  priority: -4000,
  schema,
  create(place) {
    const conf = compile(place.conf)
    return {
      async beforeProxy(ctx) {
        const close = await fetchResponse(ctx)
        if (close === undefined) return { status: 502 }
        try {
          const answer = await ctx.runtime.runner.communicate(ctx, conf, 'ext-plugin-post-resp', 'resp')
          if (answer !== undefined) return answer
          await sendFetched(ctx)
          return undefined
        } finally {
          close()
        }
      },
    }
  },
}
