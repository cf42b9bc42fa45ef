import type { PluginDefinition } from './plugin.ts'

/** `disable_proxy_buffering: true` lets pieces through as they come (facts section 5). */
export const proxyBuffering: PluginDefinition = {
  name: 'proxy-buffering',
  priority: 21991,
  schema: {
    type: 'object',
    properties: { disable_proxy_buffering: { type: 'boolean', default: false } },
  },
  create({ conf }) {
    const disabled = conf.disable_proxy_buffering === true
    return {
      rewrite(ctx) {
        ctx.disableProxyBuffering = disabled
        return undefined
      },
    }
  },
}
