import type { TObject, TSchema } from 'typebox'
import { stringify } from 'yaml'
import { SettingsSchema } from './schema.ts'

/** The whole schema as a commented YAML file with every default. */
export function printSettings(): string {
  return describeObject(SettingsSchema, '')
}

function describeObject(schema: TObject, indent: string): string {
  return Object.entries(schema.properties)
    .map(([name, property]) => {
      const about = property as TSchema & { description?: string; default?: unknown; properties?: object }
      const comment = about.description ? `${indent}# ${about.description}\n` : ''
      if (about.properties) {
        const optional = about.default === undefined ? '# ' : ''
        const inner = describeObject(about as unknown as TObject, '  ')
        const text = `${name}:\n${inner}`
        return `${comment}${optional ? text.trimEnd().replace(/^/gm, optional) : text.trimEnd()}\n`
      }
      if (about.default === undefined) return `${comment}${indent}# ${name}:\n`
      return `${comment}${indent}${stringify({ [name]: about.default }).trimEnd()}\n`
    })
    .join(indent === '' ? '\n' : '')
}
