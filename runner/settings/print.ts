import { type TObject, type TSchema, Type } from 'typebox'
import { stringify } from 'yaml'
import { SettingsSchema } from './schema.ts'

/** The settings of the runner and of these plugins as one commented YAML file with every default. */
export function printSettings(
  plugins: readonly { readonly name: string; readonly settings: TObject }[],
): string {
  const sections = plugins.map(({ name, settings }) => [name, { ...settings, default: {} }] as const)
  const described = Type.Object(Object.fromEntries(sections), {
    default: {},
    description: 'Settings of the plugins that come with the runner.',
  })
  const properties: Properties = { ...SettingsSchema.properties, plugins: described }
  return Object.entries(properties)
    .map(([name, schema]) => `${describe(name, schema).join('\n')}\n`)
    .join('\n')
}

type Properties = Readonly<Record<string, TSchema>>
type Described = TSchema & {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Properties
}

/** Lines of one setting. Without a default it stands there as a comment, a section with all that is in it. */
function describe(name: string, schema: TSchema): string[] {
  const { description, default: fallback, properties } = schema as Described
  const about = description ? [`# ${description}`] : []
  if (properties) {
    const inner = Object.entries(properties).flatMap(([key, property]) => describe(key, property))
    const lines = [`${name}:`, ...inner.map((line) => `  ${line}`)]
    return [...about, ...(fallback === undefined ? lines.map((line) => `# ${line}`) : lines)]
  }
  if (fallback === undefined) return [...about, `# ${name}:`]
  return [
    ...about,
    ...stringify({ [name]: fallback })
      .trimEnd()
      .split('\n'),
  ]
}
