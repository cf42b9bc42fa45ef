import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { builtinPlugins } from '../../plugins/index.ts'
import { schemaFiles } from '../../runner/generate-schemas.ts'

const dir = fileURLToPath(new URL('../../schemas/', import.meta.url))
const files = schemaFiles(dir)

test('keeps schemas/ as the code says', () => {
  for (const [path, text] of files) {
    assert.equal(readFileSync(path, 'utf8'), text, `${relative(dir, path)} is stale: npm run gen`)
  }
})

test('writes conf and settings of every built-in plugin, as schemas that compile', () => {
  for (const { name } of builtinPlugins) {
    for (const kind of ['conf', 'settings']) {
      const path = [...files.keys()].find((one) => one.endsWith(`plugins/${name}.${kind}.json`))
      assert.ok(path, `${name}.${kind}`)
      new Ajv({ allowUnionTypes: true }).compile(JSON.parse(files.get(path) ?? ''))
    }
  }
})
