import type { JsonObject } from '../../runner/json.ts'
import { arrayOf, recordOf } from '../../runner/llm/json.ts'
import type { Problem, Resource } from './resource.ts'

/** The failover route: the one that asks on which port a request came. */
export function checkFailover(resources: readonly Resource[]): Problem[] {
  const routes = resources.filter(({ kind }) => kind === 'routes')
  return routes
    .filter(({ value }) => asksForPort(value))
    .flatMap((failover) => [...shadowed(failover, routes), ...guarded(failover)])
}

/** APISIX looks for an exact path first and for prefixes only then; priority counts among equal paths. */
function shadowed({ file, value }: Resource, routes: readonly Resource[]): Problem[] {
  const own = pathsOf(value)
  return routes
    .filter((route) => !asksForPort(route.value) && shareMethods(route.value, value))
    .flatMap((route) => pathsOf(route.value).filter((path) => !path.includes('*') && !own.includes(path)))
    .map((path) => {
      const message = `lacks ${path}, which another route names exactly: that route would get the failover's requests`
      return { level: 'error' as const, file, path: '/uris', message }
    })
}

function guarded({ file, value }: Resource): Problem[] {
  const plugins = recordOf(value.plugins)
  const problems: Problem[] = []
  if (recordOf(plugins['ext-plugin-pre-req']).allow_degradation === true) {
    const message = 'must not be true: without the runner nobody knows where the request may go'
    problems.push({ level: 'error', file, path: '/plugins/ext-plugin-pre-req/allow_degradation', message })
  }
  for (const name of ['key-auth', 'http-logger']) {
    if (plugins[name] === undefined) continue
    const message = 'belongs to the first pass: a request would be refused, or billed twice'
    problems.push({ level: 'error', file, path: `/plugins/${name}`, message })
  }
  return problems
}

function asksForPort({ vars }: JsonObject): boolean {
  return arrayOf(vars).some((condition) => arrayOf(condition)[0] === 'server_port')
}

function pathsOf({ uri, uris }: JsonObject): string[] {
  return [...arrayOf(uris), ...(uri === undefined ? [] : [uri])].map(String)
}

function shareMethods(a: JsonObject, b: JsonObject): boolean {
  const [ofA, ofB] = [arrayOf(a.methods), arrayOf(b.methods)]
  return ofA.length === 0 || ofB.length === 0 || ofA.some((method) => ofB.includes(method))
}
