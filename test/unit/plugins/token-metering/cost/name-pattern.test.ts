import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileGlob } from '../../../../../plugins/token-metering/cost/glob.ts'

test('matches as the same pattern written as a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 10 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '*'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const source = glob.split('*').map((part) => part.replaceAll('.', '\\.'))
      assert.equal(compileGlob(glob).matches(name), new RegExp(`^${source.join('.*')}$`).test(name))
    }),
    { numRuns: 2000 },
  )
})

test('does not let the parts before and after a star share characters', () => {
  assert.equal(compileGlob('aba*ba').matches('aba'), false)
  assert.equal(compileGlob('ab*ba').matches('abba'), true)
})

test('ignores the case of the pattern and says how specific it is', () => {
  assert.equal(compileGlob('GPT-4o*').matches('gpt-4o-mini'), true)
  assert.deepEqual([compileGlob('a*b').isExact, compileGlob('a*b').literalLength], [false, 2])
  assert.equal(compileGlob('ab').isExact, true)
})
