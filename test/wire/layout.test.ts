import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ENUMS, LAYOUT, UNIONS } from '../../runner/rpc/layout.ts'

/** Reads as much of the FlatBuffers schema language as schemas/ext-plugin.fbs uses. */
function readSchema(text: string) {
  const tables: Record<string, Record<string, number>> = {}
  const enums: Record<string, string[]> = {}
  const unions: Record<string, string[]> = {}
  let namespace = ''
  const source = text.replace(/\/\/.*$/gm, '')
  for (const [, ns, kind, name = '', body = ''] of source.matchAll(
    /namespace\s+(\w+)\s*;|(table|enum|union)\s+(\w+)[^{]*\{([^}]*)\}/g,
  )) {
    if (ns) {
      namespace = ns
      continue
    }
    const members = body
      .split(/[;,]/)
      .map((member) => member.trim())
      .filter(Boolean)
    if (kind === 'enum') enums[`${namespace}.${name}`] = members
    if (kind === 'union') unions[`${namespace}.${name}`] = members
    if (kind === 'table') {
      const slots: Record<string, number> = {}
      let slot = 0
      for (const member of members) {
        const [field = '', type = ''] = member.split(':').map((part) => part.trim())
        if (`${namespace}.${type}` in unions) slots[`${field}_type`] = slot++
        slots[field] = slot++
      }
      tables[`${namespace}.${name}`] = slots
    }
  }
  return { tables, enums, unions }
}

test('the slots in layout.ts are those of schemas/ext-plugin.fbs', () => {
  const schema = readSchema(readFileSync(new URL('../../schemas/ext-plugin.fbs', import.meta.url), 'utf8'))
  assert.deepEqual(schema.tables, LAYOUT)
  assert.deepEqual(schema.enums, ENUMS)
  assert.deepEqual(schema.unions, UNIONS)
})
