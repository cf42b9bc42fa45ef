import { randomBytes, randomUUID } from 'node:crypto'
import { toBinary } from '../http/uri.ts'
import type { PluginDefinition } from './plugin.ts'

interface Conf {
  readonly header_name: string
  readonly include_in_response: boolean
  readonly algorithm: string
}

/** apisix/plugins/request-id.lua; every algorithm but uuid gives plain random text here. */
export const requestId: PluginDefinition = {
  name: 'request-id',
  priority: 12015,
  schema: {
    type: 'object',
    properties: {
      header_name: { type: 'string', default: 'X-Request-Id' },
      include_in_response: { type: 'boolean', default: true },
      algorithm: { type: 'string', enum: ['uuid', 'nanoid', 'range_id', 'ksuid', 'uuidv7'], default: 'uuid' },
      range_id: { type: 'object' },
    },
  },
  create(place) {
    const conf = place.conf as unknown as Conf
    const name = toBinary(conf.header_name)
    const lower = name.toLowerCase()
    return {
      rewrite(ctx) {
        let id = ctx.headers.get(lower)
        if (id === undefined || id === '') {
          id = conf.algorithm === 'uuid' ? randomUUID() : randomBytes(11).toString('hex').slice(0, 21)
          ctx.headers.set(name, id)
        }
        ctx.requestId = id
        return undefined
      },
      headerFilter(ctx) {
        if (conf.include_in_response && !ctx.respHeaders.get(lower)) ctx.respHeaders.set(name, ctx.requestId)
      },
    }
  },
}
