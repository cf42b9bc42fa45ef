import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileNamePattern } from '../../../../../plugins/token-metering/cost/name-pattern.ts'

test('does not let the parts before and after a star share characters', () => {
  assert.equal(compileNamePattern('aba*ba').matches('aba'), false)
  assert.equal(compileNamePattern('ab*ba').matches('abba'), true)
})

test('ignores the case of the pattern and says how specific it is', () => {
  assert.equal(compileNamePattern('GPT-4o*').matches('gpt-4o-mini'), true)
  const { isExact, literalLength } = compileNamePattern('a*b')
  assert.deepEqual([isExact, literalLength], [false, 2])
  assert.equal(compileNamePattern('ab').isExact, true)
})
