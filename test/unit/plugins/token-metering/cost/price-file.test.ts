import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PriceFileSchema } from '../../../../../plugins/token-metering/cost/price-file.ts'

test('schemas/prices.schema.json says what the code checks', () => {
  const file = new URL('../../../../../schemas/prices.schema.json', import.meta.url)
  const made = { $schema: 'http://json-schema.org/draft-07/schema#', ...PriceFileSchema }
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(made)))
})
