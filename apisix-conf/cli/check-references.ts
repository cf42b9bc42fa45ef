import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, isRecord, recordOf } from '../../runner/llm/json.ts'
import type { ChainItem } from './chains.ts'
import { checkFailover } from './check-failover.ts'
import { checkRouter } from './check-router.ts'
import { checkUpstreams } from './check-upstreams.ts'
import type { Problem, Resource } from './resource.ts'
import { splitRules } from './traffic-split.ts'

const AUTH_PRIORITY = 2500

/** Checks what one file says about another, and what would be wrong only in operation. */
export function checkReferences(resources: readonly Resource[], items: readonly ChainItem[]): Problem[] {
  return [
    ...resources.flatMap((resource) => references(resource, resources)),
    ...resources.flatMap((resource) => dangers(resource)),
    ...sharedKeys(resources),
    ...checkUpstreams(resources),
    ...checkFailover(resources),
    ...checkRouter(resources, items),
  ]
}

function references({ kind, file, value }: Resource, resources: readonly Resource[]): Problem[] {
  const problems: Problem[] = []
  const refer = (path: string, target: 'upstreams' | 'plugin_configs', id: unknown) => {
    if (id === undefined || resources.some((one) => one.kind === target && one.id === String(id))) return
    problems.push({ level: 'error', file, path, message: `there is no ${target}/${id}` })
  }
  refer('/upstream_id', 'upstreams', value.upstream_id)
  refer('/plugin_config_id', 'plugin_configs', value.plugin_config_id)
  if (kind === 'routes' && value.upstream_id === undefined && !isRecord(value.upstream)) {
    problems.push({ level: 'error', file, path: '', message: 'has neither upstream_id nor upstream' })
  }
  for (const { path, id } of splitTargets(value)) refer(path, 'upstreams', id)
  return problems
}

/** The upstreams that traffic-split names, with their paths. */
function splitTargets(value: JsonObject): { path: string; id: unknown }[] {
  return splitRules(value).flatMap((rule, i) =>
    arrayOf(rule.weighted_upstreams).map((target, j) => ({
      path: `/plugins/traffic-split/rules/${i}/weighted_upstreams/${j}/upstream_id`,
      id: recordOf(target).upstream_id,
    })),
  )
}

function dangers({ file, value }: Resource): Problem[] {
  const plugins = recordOf(value.plugins)
  const problems: Problem[] = []
  const say = (level: Problem['level'], path: string, message: string) =>
    void problems.push({ level, file, path, message })
  const logger = plugins['http-logger']
  if (isRecord(logger) && !isRecord(logger.log_format)) {
    say('error', '/plugins/http-logger', 'has no log_format; the default one would post credentials')
  }
  const runner = plugins['ext-plugin-pre-req']
  if (!isRecord(runner)) return problems
  if (runner.allow_degradation === true) {
    const path = '/plugins/ext-plugin-pre-req/allow_degradation'
    say('warning', path, 'requests pass unguarded while the runner is away')
  }
  const priority = recordOf(runner._meta).priority
  if (isRecord(plugins['key-auth']) && !(typeof priority === 'number' && priority < AUTH_PRIORITY)) {
    const path = '/plugins/ext-plugin-pre-req/_meta/priority'
    say('warning', path, `must be below ${AUTH_PRIORITY} for the runner to know the consumer`)
  }
  return problems
}

function sharedKeys(resources: readonly Resource[]): Problem[] {
  const owners = new Map<unknown, string>()
  return resources.flatMap(({ kind, file, value }) => {
    const key = recordOf(recordOf(value.plugins)['key-auth']).key
    if (kind !== 'consumers' || key === undefined) return []
    const owner = owners.get(key)
    owners.set(key, owner ?? file)
    const message = `is the key of ${owner} as well`
    return owner === undefined
      ? []
      : [{ level: 'error' as const, file, path: '/plugins/key-auth/key', message }]
  })
}
