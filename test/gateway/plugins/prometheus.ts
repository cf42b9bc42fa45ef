import type { PluginDefinition } from './plugin.ts'

/** Accepted and without effect: the stand-in has no metrics. */
export const prometheus: PluginDefinition = {
  name: 'prometheus',
  priority: 500,
  schema: { type: 'object', properties: { prefer_name: { type: 'boolean', default: false } } },
  create: () => ({}),
}
