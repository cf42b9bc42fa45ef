import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { analyse, analyseStructure } from '../../../../../plugins/prompt-guard/detect/analysis.ts'
import { RULES } from '../../../../../plugins/prompt-guard/detect/rule-table.ts'
import { STRUCTURE } from '../../../../../plugins/prompt-guard/detect/structure-table.ts'

const idsOf = (text: string): string[] => {
  analyse(text)
  return analyseStructure().map(({ row }) => row.id)
}

describe('structure table', () => {
  for (const row of STRUCTURE) {
    it(`${row.id} matches its examples and not its counter-examples`, () => {
      assert.ok(row.hit.length > 0 && row.miss.length > 0)
      for (const text of row.hit) assert.ok(idsOf(text).includes(row.id), `should match: ${text}`)
      for (const text of row.miss) assert.ok(!idsOf(text).includes(row.id), `should not match: ${text}`)
    })
  }

  it('has one row for each id, other ids than the rule table, and weights that are chances', () => {
    const ids = [...STRUCTURE, ...RULES].map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    for (const { weight } of STRUCTURE) assert.ok(weight > 0 && weight < 1)
  })
})
