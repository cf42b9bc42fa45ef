import type { RequestContext } from '../context.ts'
import { compileExpression, type Expression, ExpressionError } from '../routing/expression.ts'
import { CompiledUpstream, type UpstreamConf } from '../upstream/upstream.ts'
import type { JsonObject, PluginDefinition, StepResult } from './plugin.ts'
import { WeightedRotation } from './weighted-rotation.ts'

interface WeightedUpstream {
  readonly upstream_id?: string | number
  readonly upstream?: UpstreamConf
  readonly weight: number
}

interface Rule {
  readonly match?: readonly { readonly vars: unknown }[]
  readonly weighted_upstreams: readonly WeightedUpstream[]
}

type Choice = { readonly id: string } | { readonly upstream: CompiledUpstream } | 'route'

interface CompiledRule {
  readonly ids: readonly string[]
  readonly matches: readonly Expression[] | undefined
  readonly rotation: WeightedRotation<Choice>
}

/** apisix/plugins/traffic-split.lua (facts section 4). */
export const trafficSplit: PluginDefinition = {
  name: 'traffic-split',
  priority: 966,
  schema: {
    type: 'object',
    properties: {
      rules: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            match: { type: 'array', items: { type: 'object', properties: { vars: { type: 'array' } } } },
            weighted_upstreams: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  upstream_id: { $ref: 'apisix#/$defs/id' },
                  upstream: { $ref: 'apisix#/$defs/upstream' },
                  weight: { type: 'integer', default: 1, minimum: 0 },
                },
              },
              default: [{ weight: 1 }],
              minItems: 1,
              maxItems: 20,
            },
          },
        },
      },
    },
  },
  check: checkExpressions,
  create(place) {
    const rules = ((place.conf.rules ?? []) as readonly Rule[]).map((rule) =>
      compileRule(rule, place.confVersion),
    )
    return { access: (ctx) => chooseUpstream(ctx, rules) }
  },
}

function checkExpressions(conf: JsonObject): string | undefined {
  try {
    for (const rule of (conf.rules ?? []) as readonly Rule[]) {
      for (const match of rule.match ?? []) compileExpression(match.vars)
    }
    return undefined
  } catch (error) {
    if (error instanceof ExpressionError) return `failed to validate the 'vars' expression: ${error.message}`
    throw error
  }
}

function compileRule(rule: Rule, version: string): CompiledRule {
  const weighted = rule.weighted_upstreams.map((one, i): { value: Choice; weight: number } => ({
    value: compileChoice(one, `traffic-split#${version}#${i}`, version),
    weight: one.weight,
  }))
  return {
    ids: rule.weighted_upstreams.flatMap((one) =>
      one.upstream_id === undefined ? [] : [String(one.upstream_id)],
    ),
    matches: rule.match?.map((match) => compileExpression(match.vars)),
    rotation: new WeightedRotation(weighted),
  }
}

/** An upstream written here has no health checks: the plugin does not hand them on. */
function compileChoice(one: WeightedUpstream, key: string, version: string): Choice {
  if (one.upstream_id !== undefined) return { id: String(one.upstream_id) }
  if (one.upstream === undefined) return 'route'
  const { checks: _, retries: __, retry_timeout: ___, ...conf } = one.upstream
  return { upstream: new CompiledUpstream(key, version, conf) }
}

function chooseUpstream(ctx: RequestContext, rules: readonly CompiledRule[]): StepResult {
  for (const rule of rules) {
    const missing = rule.ids.find((id) => !ctx.snapshot.upstreams.has(id))
    if (missing !== undefined) {
      return { status: 500, body: `failed to fetch upstream info by upstream id: ${missing}` }
    }
    if (rule.matches !== undefined && !rule.matches.some((matches) => matches(ctx.var))) continue
    const choice = rule.rotation.next()
    if (choice === undefined) return undefined
    if (choice === 'route') ctx.upstreamId = undefined
    else if ('id' in choice) ctx.upstreamId = choice.id
    else ctx.upstream = choice.upstream
    return undefined
  }
  return undefined
}
