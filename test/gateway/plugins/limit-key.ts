import type { RequestContext } from '../context.ts'
import { toBinary } from '../http/uri.ts'
import { compileTemplate } from '../vars.ts'
import type { PluginPlace } from './plugin.ts'

/** `key` and `key_type` of the limit plugins: an empty key falls back to the client's address. */
export function compileLimitKey(
  place: PluginPlace,
  key: string,
  keyType: string,
): (ctx: RequestContext) => string {
  const prefix = `${place.resourceKey}:${place.confVersion}:`
  const text = toBinary(key)
  if (keyType === 'constant') return () => prefix + text
  if (keyType === 'var') return (ctx) => prefix + String(ctx.var(text) ?? ctx.remoteAddr)
  const template = compileTemplate(text)
  return (ctx) => {
    const { text: resolvedText, resolved } = template(ctx)
    return prefix + (resolved === 0 ? ctx.remoteAddr : resolvedText)
  }
}
