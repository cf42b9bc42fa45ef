import type { AnyPlugin } from '../runner/plugin.ts'

/** The built-in plugins. A route uses those that its `ext-plugin-pre-req` conf names, in the order of the conf. */
export const builtinPlugins: readonly AnyPlugin[] = []
