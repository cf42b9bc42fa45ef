import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TSchema } from 'typebox'
import { builtinPlugins } from '../plugins/index.ts'
import { GuardEventSchema } from '../plugins/prompt-guard/records/guard-event.ts'
import { PriceFileSchema } from '../plugins/token-metering/cost/price-file.ts'
import { type GeneratedFiles, writeOrCheck } from './generated-files.ts'
import { SettingsSchema } from './settings/schema.ts'
import { UsageEventSchema } from './usage/event.ts'

/**
 * The JSON Schemas below schemas/, for editors and for programs in other languages. The TypeBox schemas in the code
 * are their source: `npm run gen` writes them, `npm run gen:check` says whether they still agree.
 */
export function schemaFiles(dir: string): GeneratedFiles {
  const files = new Map<string, string>()
  const add = (name: string, title: string, schema: TSchema) =>
    files.set(resolve(dir, name), render(title, schema))
  add('settings.schema.json', 'Settings of the runner', SettingsSchema)
  add('usage-event.schema.json', 'Usage event', UsageEventSchema)
  add('guard-event.schema.json', 'Guard event', GuardEventSchema)
  add('prices.schema.json', 'Prices of LLM APIs', PriceFileSchema)
  for (const { name, conf, settings } of builtinPlugins) {
    add(`plugins/${name}.conf.json`, `Conf of ${name} on a route`, conf)
    add(`plugins/${name}.settings.json`, `Settings of ${name}, below plugins.${name}`, settings)
  }
  return files
}

function render(title: string, schema: TSchema): string {
  const { $id: _, ...rest } = schema as TSchema & { $id?: string }
  const document = { $schema: 'http://json-schema.org/draft-07/schema#', title, ...rest }
  return `${JSON.stringify(document, null, 2)}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const dir = fileURLToPath(new URL('../schemas/', import.meta.url))
  process.exitCode = writeOrCheck(schemaFiles(dir), process.argv.includes('--check'))
}
