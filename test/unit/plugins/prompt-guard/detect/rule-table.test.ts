import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { analyse } from '../../../../../plugins/prompt-guard/detect/analysis.ts'
import { RULES } from '../../../../../plugins/prompt-guard/detect/rule-table.ts'
import { RULE_SET } from '../../../../../plugins/prompt-guard/detect/rules.ts'

const idsOf = (text: string): string[] => analyse(text).map(({ rule }) => RULE_SET.rows[rule]?.id ?? '')

describe('rule table', () => {
  for (const row of RULES) {
    it(`${row.id} matches its examples and not its counter-examples`, () => {
      assert.ok(row.hit.length > 0 && row.miss.length > 0)
      for (const text of row.hit) assert.ok(idsOf(text).includes(row.id), `should match: ${text}`)
      for (const text of row.miss) assert.ok(!idsOf(text).includes(row.id), `should not match: ${text}`)
    })
  }

  it('has one row for each id and weights that are chances', () => {
    assert.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length)
    for (const { weight } of RULES) assert.ok(weight > 0 && weight < 1)
  })
})
