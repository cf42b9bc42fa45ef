import { pathToFileURL } from 'node:url'
import { RunnerError, toRunnerError } from './errors.ts'
import type { AnyPlugin } from './plugin.ts'
import type { OpenPlugin } from './rpc/prepare-chain.ts'
import type { Services } from './services/index.ts'
import { pluginSettings } from './settings/load.ts'
import type { Settings } from './settings/schema.ts'

/** Modules named in `extra_plugins`; each exports a plugin as its default. @throws RunnerError SETTINGS_INVALID */
export async function importPlugins(paths: readonly string[]): Promise<AnyPlugin[]> {
  return Promise.all(
    paths.map(async (path) => {
      const module = await import(pathToFileURL(path).href).catch((cause) => {
        throw new RunnerError(
          'SETTINGS_INVALID',
          `settings: /extra_plugins: cannot load ${path}: ${cause.message}`,
          { cause },
        )
      })
      const plugin: unknown = module.default
      if (isPlugin(plugin)) return plugin
      throw new RunnerError(
        'SETTINGS_INVALID',
        `settings: /extra_plugins: ${path} exports no plugin as its default`,
      )
    }),
  )
}

function isPlugin(candidate: unknown): candidate is AnyPlugin {
  const plugin = candidate as Partial<AnyPlugin> | null | undefined
  return (
    typeof plugin?.name === 'string' &&
    typeof plugin.open === 'function' &&
    typeof plugin.prepare === 'function' &&
    typeof plugin.decide === 'function' &&
    (plugin.onFailure === 'deny' || plugin.onFailure === 'allow') &&
    typeof plugin.conf === 'object' &&
    typeof plugin.settings === 'object'
  )
}

export interface OpenPlugins {
  readonly byName: ReadonlyMap<string, OpenPlugin>
  close(): Promise<void>
}

/** Without opening anything. @throws RunnerError SETTINGS_INVALID naming what is wrong in any plugin's settings. */
export function checkPluginSettings(definitions: readonly AnyPlugin[], settings: Settings): void {
  const known = new Set(definitions.map((definition) => definition.name))
  const problems = Object.keys(settings.plugins)
    .filter((name) => !known.has(name))
    .map((name) => `/plugins: unknown key "${name}"`)
  for (const { name, settings: schema, checkSettings } of definitions) {
    try {
      const own = pluginSettings(settings, name, schema)
      try {
        checkSettings?.(own)
      } catch (error) {
        problems.push(`/plugins/${name}: ${(error as Error).message}`)
      }
    } catch (error) {
      problems.push((error as Error).message.replace(/^settings: /, ''))
    }
  }
  if (problems.length > 0) throw new RunnerError('SETTINGS_INVALID', `settings: ${problems.join('; ')}`)
}

/** Opens every plugin; when one fails, those already open are closed again. */
export async function openPlugins(
  definitions: readonly AnyPlugin[],
  settings: Settings,
  servicesOf: (plugin: string) => Services,
): Promise<OpenPlugins> {
  const byName = new Map<string, OpenPlugin>()
  const close = async () => {
    for (const { definition, shared } of [...byName.values()].reverse()) await definition.close?.(shared)
  }
  checkPluginSettings(definitions, settings)
  for (const definition of definitions) {
    try {
      if (byName.has(definition.name)) throw new Error('there are two plugins of this name')
      const own = pluginSettings(settings, definition.name, definition.settings)
      const shared = await definition.open(own, servicesOf(definition.name))
      byName.set(definition.name, { definition, shared })
    } catch (cause) {
      await close()
      throw toRunnerError(cause, 'SETTINGS_INVALID', `plugin ${definition.name} does not open`)
    }
  }
  return { byName, close }
}
