import { readVar } from '../vars.ts'
import { luaFunctionBody, SERVERLESS_SCHEMA } from './lua-function.ts'
import type { JsonObject, PluginDefinition } from './plugin.ts'

const CLEAR_LINE = /ngx\.req\.clear_header\(\s*["']([A-Za-z0-9_-]+)["']\s*\)\s*;?/g
const SET_LINE = /ngx\.req\.set_header\(\s*["']([A-Za-z0-9_-]+)["']\s*,\s*ngx\.var\.(\w+)\s*\)\s*;?/g

/** Request headers by the variable that they get; undefined: the header is cleared. */
export type HeaderChanges = readonly (readonly [name: string, variable: string | undefined])[]

/** What a function does to the request's headers, or undefined when its text does anything else. */
export function headerChanges(source: string): HeaderChanges | undefined {
  const body = luaFunctionBody(source)
  if (body === undefined || body.replace(CLEAR_LINE, '').replace(SET_LINE, '').trim() !== '') return undefined
  return [
    ...[...body.matchAll(CLEAR_LINE)].map(([, name]) => [name ?? '', undefined] as const),
    ...[...body.matchAll(SET_LINE)].map(([, name, variable]) => [name ?? '', variable] as const),
  ]
}

/**
 * apisix/plugins/serverless with one function shape: `phase: before_proxy` and Lua that only calls
 * `ngx.req.clear_header("X-...")` and then `ngx.req.set_header("X-...", ngx.var....)`, which clears it for a variable
 * without value. Anything else is refused, since the stand-in has no Lua.
 */
export const serverlessPostFunction: PluginDefinition = {
  name: 'serverless-post-function',
  priority: -2000,
  schema: SERVERLESS_SCHEMA,
  check(conf: JsonObject) {
    const functions = conf.functions as readonly string[]
    return conf.phase === 'before_proxy' && functions.every((source) => headerChanges(source) !== undefined)
      ? undefined
      : 'the stand-in cannot run Lua: it only knows phase before_proxy with ngx.req.clear_header("...") and ngx.req.set_header("...", ngx.var....)'
  },
  create({ conf }) {
    const changes = (conf.functions as readonly string[]).flatMap((source) => headerChanges(source) ?? [])
    return {
      beforeProxy(ctx) {
        for (const [name, variable] of changes) {
          const value = variable === undefined ? undefined : readVar(ctx, variable)
          if (value === undefined) ctx.headers.delete(name.toLowerCase())
          else ctx.headers.set(name, String(value))
        }
        return undefined
      },
    }
  },
}
