import type { RequestContext } from '../context.ts'
import { readVar } from '../vars.ts'
import { luaFunctionBody, SERVERLESS_SCHEMA } from './lua-function.ts'
import type { JsonObject, PluginDefinition } from './plugin.ts'

const CONDITION =
  /^if\s+ngx\.re\.match\(ngx\.var\.(\w+) or "", "([^"\\]+)"\)\s+and\s+ngx\.var\.(\w+)\s+then\s+([\s\S]*?)\s*end$/
const ASSIGNMENT = /ngx\.header\["([A-Za-z0-9-]+)"\]\s*=\s*ngx\.var\.(\w+)\s*;?/g

export interface HeaderCopy {
  /** The variable that must match, and the one that must be there. */
  readonly matched: string
  readonly pattern: RegExp
  readonly needed: string
  /** Response header by the variable that it gets; without a value the header goes. */
  readonly headers: readonly (readonly [name: string, variable: string])[]
}

/** A function that copies variables into response headers under a condition; undefined: its text does anything else. */
export function headerCopy(source: string): HeaderCopy | undefined {
  const [, matched, pattern, needed, statements] = luaFunctionBody(source)?.match(CONDITION) ?? []
  if (!matched || !pattern || !needed || !statements) return undefined
  if (statements.replace(ASSIGNMENT, '').trim() !== '') return undefined
  const headers = [...statements.matchAll(ASSIGNMENT)].map(
    ([, name, from]) => [name ?? '', from ?? ''] as const,
  )
  return { matched, pattern: new RegExp(pattern), needed, headers }
}

/**
 * apisix/plugins/serverless with one function shape: `phase: header_filter` and Lua that copies variables into response
 * headers when one variable matches and another is set. Anything else is refused, since the stand-in has no Lua.
 */
export const serverlessPreFunction: PluginDefinition = {
  name: 'serverless-pre-function',
  priority: 10_000,
  schema: SERVERLESS_SCHEMA,
  check(conf: JsonObject) {
    const functions = conf.functions as readonly string[]
    return conf.phase === 'header_filter' && functions.every((source) => headerCopy(source) !== undefined)
      ? undefined
      : 'the stand-in cannot run Lua: it only knows phase header_filter that copies variables into headers'
  },
  create({ conf }) {
    const copies = (conf.functions as readonly string[]).flatMap((source) => headerCopy(source) ?? [])
    return {
      headerFilter(ctx) {
        for (const copy of copies) apply(ctx, copy)
      },
    }
  },
}

function apply(ctx: RequestContext, { matched, pattern, needed, headers }: HeaderCopy): void {
  if (!pattern.test(String(readVar(ctx, matched) ?? '')) || readVar(ctx, needed) === undefined) return
  for (const [name, variable] of headers) {
    const value = readVar(ctx, variable)
    if (value === undefined) ctx.respHeaders.delete(name.toLowerCase())
    else ctx.respHeaders.set(name, String(value))
  }
}
