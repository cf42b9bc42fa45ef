import { setTimeout as sleep } from 'node:timers/promises'
import { rejection } from './limit-count.ts'
import { compileLimitKey } from './limit-key.ts'
import type { PluginDefinition } from './plugin.ts'

interface Conf {
  readonly rate: number
  readonly burst: number
  readonly key: string
  readonly key_type: string
  readonly rejected_code: number
  readonly rejected_msg?: string
  readonly nodelay: boolean
}

/** apisix/plugins/limit-req.lua with `policy: local`. */
export const limitReq: PluginDefinition = {
  name: 'limit-req',
  priority: 1001,
  schema: {
    type: 'object',
    properties: {
      rate: { type: 'number', exclusiveMinimum: 0 },
      burst: { type: 'number', minimum: 0 },
      key: { type: 'string' },
      key_type: { type: 'string', enum: ['var', 'var_combination'], default: 'var' },
      policy: { type: 'string', enum: ['redis', 'redis-cluster', 'local'], default: 'local' },
      rejected_code: { type: 'integer', minimum: 200, maximum: 599, default: 503 },
      rejected_msg: { type: 'string', minLength: 1 },
      nodelay: { type: 'boolean', default: false },
      allow_degradation: { type: 'boolean', default: false },
    },
    required: ['rate', 'burst', 'key'],
  },
  check: (conf) => (conf.policy === 'local' ? undefined : 'the stand-in supports only policy local'),
  create(place) {
    const conf = place.conf as unknown as Conf
    const keyOf = compileLimitKey(place, conf.key, conf.key_type)
    return {
      async access(ctx) {
        const delaySeconds = ctx.runtime.limits.leak(keyOf(ctx), conf.rate, conf.burst)
        if (delaySeconds === undefined) return rejection(conf.rejected_code, conf.rejected_msg)
        if (delaySeconds >= 0.001 && !conf.nodelay) await sleep(delaySeconds * 1000)
        return undefined
      },
    }
  },
}
