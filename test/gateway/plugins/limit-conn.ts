import { setTimeout as sleep } from 'node:timers/promises'
import { rejection } from './limit-count.ts'
import { compileLimitKey } from './limit-key.ts'
import type { PluginDefinition } from './plugin.ts'

interface Conf {
  readonly conn: number
  readonly burst: number
  /** Seconds. */
  readonly default_conn_delay: number
  readonly key: string
  readonly key_type: string
  readonly rejected_code: number
  readonly rejected_msg?: string
}

/** apisix/plugins/limit-conn with `policy: local`; the delay is always the default one. */
export const limitConn: PluginDefinition = {
  name: 'limit-conn',
  priority: 1003,
  schema: {
    type: 'object',
    properties: {
      conn: { type: 'integer', exclusiveMinimum: 0 },
      burst: { type: 'integer', minimum: 0 },
      default_conn_delay: { type: 'number', exclusiveMinimum: 0 },
      only_use_default_delay: { type: 'boolean', default: false },
      key: { type: 'string' },
      key_type: { type: 'string', enum: ['var', 'var_combination'], default: 'var' },
      policy: { type: 'string', enum: ['redis', 'redis-cluster', 'local'], default: 'local' },
      rejected_code: { type: 'integer', minimum: 200, maximum: 599, default: 503 },
      rejected_msg: { type: 'string', minLength: 1 },
      allow_degradation: { type: 'boolean', default: false },
    },
    required: ['conn', 'burst', 'default_conn_delay', 'key'],
  },
  check: (conf) => (conf.policy === 'local' ? undefined : 'the stand-in supports only policy local'),
  create(place) {
    const conf = place.conf as unknown as Conf
    const keyOf = compileLimitKey(place, conf.key, conf.key_type)
    const entered = {}
    return {
      async access(ctx) {
        const key = keyOf(ctx)
        const open = ctx.runtime.limits.enter(key, conf.conn, conf.burst)
        if (open === undefined) return rejection(conf.rejected_code, conf.rejected_msg)
        ctx.slot(entered, () => key)
        if (open > conf.conn) await sleep(Math.floor((open - 1) / conf.conn) * conf.default_conn_delay * 1000)
        return undefined
      },
      log(ctx) {
        const key = ctx.slot<string>(entered, () => '')
        if (key !== '') ctx.runtime.limits.leave(key)
      },
    }
  },
}
