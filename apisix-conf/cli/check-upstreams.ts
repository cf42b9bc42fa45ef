import { arrayOf, recordOf } from '../../runner/llm/json.ts'
import type { Problem, Resource } from './resource.ts'

/** Looks for failover nodes that cannot work. A node with negative priority is taken for one. */
export function checkUpstreams(resources: readonly Resource[]): Problem[] {
  const names = resources
    .filter(({ kind }) => kind === 'ssls')
    .flatMap(({ value }) => [...arrayOf(value.snis), value.sni])
  return resources.filter(({ kind }) => kind === 'upstreams').flatMap((upstream) => check(upstream, names))
}

function check({ file, value }: Resource, names: readonly unknown[]): Problem[] {
  const problems: Problem[] = []
  const say = (level: Problem['level'], path: string, message: string) =>
    void problems.push({ level, file, path, message })
  const nodes = arrayOf(value.nodes).map(recordOf)
  const fallback = nodes.findIndex((node) => Number(node.priority ?? 0) < 0)
  const type = recordOf(recordOf(value.checks).active).type ?? 'http'
  if (value.checks !== undefined && type !== 'tcp' && type !== (value.scheme ?? 'http')) {
    say('error', '/checks/active/type', `is ${type}, but the scheme is ${value.scheme ?? 'http'}`)
  }
  if (fallback === -1) return problems
  const host = nodes[fallback]?.host
  const retries = value.retries ?? nodes.length - 1
  if (value.pass_host !== 'node') say('error', '/pass_host', 'must be node: the nodes have different names')
  if (retries !== nodes.length - 1) {
    const message = `must be ${nodes.length - 1}, one less than there are nodes: APISIX answers 502 when it finds no other`
    say(Number(retries) < 1 ? 'error' : 'warning', '/retries', message)
  }
  const timeout = recordOf(value.timeout)
  const longest = ['connect', 'send', 'read'].reduce((sum, name) => sum + Number(timeout[name] ?? 60), 0)
  if (Number(value.retry_timeout ?? 0) > 0 && Number(value.retry_timeout) <= longest) {
    const message = `must be 0 or more than ${longest} s, what one attempt may take: after a timeout nobody else is asked`
    say('warning', '/retry_timeout', message)
  }
  if (value.checks !== undefined && !passiveIsOff(value.checks)) {
    const message = 'should all be 0: else two retried answers, be they 429, take the provider out'
    say('warning', '/checks/passive/unhealthy', message)
  }
  if (value.scheme === 'https' && !names.includes(host)) {
    const message = `has no certificate in ssls/: the failover of this upstream will not work (${host})`
    say('warning', `/nodes/${fallback}/host`, message)
  }
  return problems
}

/** lua-resty-healthcheck has limits for passive checks even where none are configured: 2, 5 and 7. */
function passiveIsOff(checks: unknown): boolean {
  const limits = recordOf(recordOf(recordOf(checks).passive).unhealthy)
  return ['tcp_failures', 'http_failures', 'timeouts'].every((name) => limits[name] === 0)
}
