import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TSchema } from 'typebox'
import { builtinPlugins } from '../../../plugins/index.ts'
import { filesOf, page, ROOT } from './pages.ts'

test('docs/metrics.md lists the metrics that the code counts, and no others', () => {
  const counted = new Set<string>()
  for (const file of [...filesOf('runner', '.ts'), ...filesOf('plugins', '.ts')]) {
    const code = readFileSync(join(ROOT, file), 'utf8')
    const families = /(?:counter|gauge|Gauge|histogram)\(\s*'((?:llm|gen_ai)_\w+)'/g
    for (const [, name = ''] of code.matchAll(families)) counted.add(name)
  }
  const rows = page('docs/metrics.md')
    .split('\n')
    .filter((line) => /^\| `(?:llm|gen_ai)_/.test(line))
    .filter((line) => line.split('|').length === 5)
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  assert.deepEqual(listed.toSorted(), [...counted].toSorted())
})

for (const plugin of builtinPlugins) {
  test(`the README of ${plugin.name} names every key of its conf and its settings`, () => {
    const readme = page(`plugins/${plugin.name}/README.md`)
    const keys = [...keysOf(plugin.conf), ...keysOf(plugin.settings)]
    const missing = keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(readme))
    assert.deepEqual([...new Set(missing)], [])
  })
}

/** Names of all fields, however deep. */
function keysOf(schema: TSchema): string[] {
  const { properties, items, anyOf, additionalProperties, patternProperties } = schema as Readonly<{
    properties?: Record<string, TSchema>
    items?: TSchema
    anyOf?: TSchema[]
    additionalProperties?: TSchema | boolean
    patternProperties?: Record<string, TSchema>
  }>
  const inner = [
    ...Object.values(properties ?? {}),
    ...(items ? [items] : []),
    ...(anyOf ?? []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...Object.values(patternProperties ?? {}),
  ]
  return [...Object.keys(properties ?? {}), ...inner.flatMap(keysOf)]
}
