import { luaFunctionBody, SERVERLESS_SCHEMA } from './lua-function.ts'
import type { JsonObject, PluginDefinition } from './plugin.ts'

const CLEAR_LINE = /ngx\.req\.clear_header\(\s*["']([A-Za-z0-9_-]+)["']\s*\)\s*;?/g

/** The headers a function clears, or undefined when its text does anything else. */
export function clearedHeaders(source: string): string[] | undefined {
  const body = luaFunctionBody(source)
  if (body === undefined || body.replace(CLEAR_LINE, '').trim() !== '') return undefined
  return [...body.matchAll(CLEAR_LINE)].map((match) => (match[1] ?? '').toLowerCase())
}

/**
 * apisix/plugins/serverless with one function shape: `phase: before_proxy` and Lua that only calls
 * `ngx.req.clear_header("X-...")`. Anything else is refused, since the stand-in has no Lua.
 */
export const serverlessPostFunction: PluginDefinition = {
  name: 'serverless-post-function',
  priority: -2000,
  schema: SERVERLESS_SCHEMA,
  check(conf: JsonObject) {
    const functions = conf.functions as readonly string[]
    return conf.phase === 'before_proxy' && functions.every((source) => clearedHeaders(source) !== undefined)
      ? undefined
      : 'the stand-in cannot run Lua: it only knows phase before_proxy with ngx.req.clear_header("...") lines'
  },
  create({ conf }) {
    const names = (conf.functions as readonly string[]).flatMap((source) => clearedHeaders(source) ?? [])
    return {
      beforeProxy(ctx) {
        for (const name of names) ctx.headers.delete(name)
        return undefined
      },
    }
  },
}
