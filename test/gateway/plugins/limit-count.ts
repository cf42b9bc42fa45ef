import type { RequestContext } from '../context.ts'
import { compileTemplate } from '../vars.ts'
import { compileLimitKey } from './limit-key.ts'
import type { JsonObject, PluginDefinition, StepResult } from './plugin.ts'

interface Conf {
  readonly count: number | string
  readonly time_window: number | string
  readonly group?: string
  readonly key: string
  readonly key_type: string
  readonly rejected_code: number
  readonly rejected_msg?: string
  readonly show_limit_quota_header: boolean
  readonly allow_degradation: boolean
}

const numberOrText = { oneOf: [{ type: 'integer', exclusiveMinimum: 0 }, { type: 'string' }] }

/** apisix/plugins/limit-count with `policy: local` and the fixed window. */
export const limitCount: PluginDefinition = {
  name: 'limit-count',
  priority: 1002,
  schema: {
    type: 'object',
    properties: {
      count: numberOrText,
      time_window: numberOrText,
      window_type: { type: 'string', enum: ['fixed', 'sliding'], default: 'fixed' },
      group: { type: 'string' },
      key: { type: 'string', default: 'remote_addr' },
      key_type: { type: 'string', enum: ['var', 'var_combination', 'constant'], default: 'var' },
      rejected_code: { type: 'integer', minimum: 200, maximum: 599, default: 503 },
      rejected_msg: { type: 'string', minLength: 1 },
      policy: {
        type: 'string',
        enum: ['local', 'redis', 'redis-cluster', 'redis-sentinel'],
        default: 'local',
      },
      allow_degradation: { type: 'boolean', default: false },
      show_limit_quota_header: { type: 'boolean', default: true },
    },
    required: ['count', 'time_window'],
  },
  metadataSchema: {
    type: 'object',
    properties: {
      limit_header: { type: 'string', default: 'X-RateLimit-Limit' },
      remaining_header: { type: 'string', default: 'X-RateLimit-Remaining' },
      reset_header: { type: 'string', default: 'X-RateLimit-Reset' },
    },
  },
  check: unsupported,
  create(place) {
    const conf = place.conf as unknown as Conf
    const own = compileLimitKey(place, conf.key, conf.key_type)
    const grouped = compileLimitKey(
      { ...place, resourceKey: 'group', confVersion: conf.group ?? '' },
      conf.key,
      conf.key_type,
    )
    const keyOf = conf.group === undefined ? own : grouped
    const countOf = compileNumber(conf.count)
    const windowOf = compileNumber(conf.time_window)
    return {
      access(ctx): StepResult {
        const [limit, windowSeconds] = [countOf(ctx), windowOf(ctx)]
        if (limit === undefined || windowSeconds === undefined) {
          return conf.allow_degradation ? undefined : { status: 500 }
        }
        const { remaining, resetSeconds } = ctx.runtime.limits.countDown(keyOf(ctx), limit, windowSeconds)
        if (conf.show_limit_quota_header) setHeaders(ctx, limit, Math.max(remaining, 0), resetSeconds)
        if (remaining >= 0) return undefined
        return rejection(conf.rejected_code, conf.rejected_msg)
      },
    }
  },
}

function unsupported(conf: JsonObject): string | undefined {
  if (conf.policy !== 'local') return `the stand-in supports only policy local, not ${String(conf.policy)}`
  if (conf.window_type === 'sliding') return 'the stand-in supports only the fixed window'
  return conf.rules === undefined ? undefined : 'the stand-in does not support rules'
}

export function rejection(status: number, message: string | undefined): StepResult {
  return message === undefined ? { status } : { status, body: { error_msg: message } }
}

/** `resolve_var`: a number, or text with variables that must give a positive integer. */
function compileNumber(value: number | string): (ctx: RequestContext) => number | undefined {
  if (typeof value === 'number') return () => value
  const template = compileTemplate(value)
  return (ctx) => {
    const number = Number(template(ctx).text)
    return Number.isSafeInteger(number) && number > 0 ? number : undefined
  }
}

function setHeaders(ctx: RequestContext, limit: number, remaining: number, resetSeconds: number): void {
  const names = ctx.runtime.metadata('limit-count')
  const name = (key: string, fallback: string) => String(names?.[key] ?? fallback)
  ctx.respHeaders.set(name('limit_header', 'X-RateLimit-Limit'), String(limit))
  ctx.respHeaders.set(name('remaining_header', 'X-RateLimit-Remaining'), String(remaining))
  ctx.respHeaders.set(name('reset_header', 'X-RateLimit-Reset'), String(Math.floor(resetSeconds * 100) / 100))
}
