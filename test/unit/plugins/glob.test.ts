import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileGlob, compileGlobs } from '../../../plugins/glob.ts'

test('matches whole texts with stars and question marks', () => {
  const cases: [string, string, boolean][] = [
    ['gpt-4', 'gpt-4', true],
    ['gpt-4', 'gpt-4o', false],
    ['gpt-4*', 'gpt-4o', true],
    ['gpt-?', 'gpt-4', true],
    ['gpt-?', 'gpt-', false],
    ['*qwen*', 'my-qwen-max', true],
    ['*qwen', 'qwen-max', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*', '', true],
    ['**', 'x', true],
    ['o1.5*', 'o1x5', false],
  ]
  for (const [glob, text, expected] of cases) {
    assert.equal(compileGlob(glob)(text), expected, `${glob} on ${text}`)
  }
})

test('matches as the same pattern written as a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), maxLength: 10 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '*', '?'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      assert.equal(compileGlob(glob)(name), new RegExp(`^${source}$`).test(name))
    }),
    { numRuns: 2000 },
  )
})

test('does not go exponential over many stars', () => {
  assert.equal(compileGlob(`${'*a'.repeat(60)}b`)('a'.repeat(256)), false)
})

test('takes a name that any glob of a list takes', () => {
  const takes = compileGlobs(['gpt-4', 'qwen-*'])
  assert.deepEqual(['gpt-4', 'qwen-max', 'gpt-4o'].map(takes), [true, true, false])
})
