import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeMarkAt, indentation, quotesIn } from '../../../../../plugins/semantic-cache/verify/code-marks.ts'

/** All code marks of a text, in order. */
function marksOf(text: string): string[] {
  const found: string[] = []
  for (let at = 0; at < text.length; at++) {
    const mark = codeMarkAt(text, at)
    if (mark === undefined) continue
    found.push(mark)
    at += mark.length - 1
  }
  return found
}

const code: readonly [string, readonly string[]][] = [
  ['if (!ready) a != b', ['!', '!']],
  ['a && b || c', ['&&', '||']],
  ['f(*a, **b)', ['*', '**']],
  ['^a.*b', ['.', '*']],
  ['a*?', ['*', '?']],
  ['x[0] = {}', ['[', ']', '{', '}']],
  ['n % 2', ['%']],
  ['f("a")', ['"']],
  ['a // b', ['//']],
  ['x ∈ A → 👍', ['∈', '→', '👍']],
  ['in €?', ['€']],
]
for (const [text, marks] of code) {
  test(`reads the code in ${text}`, () => assert.deepEqual(marksOf(text), marks))
}

const prose = [
  'Hello! How are you?',
  '你好！请问在吗？',
  '* an item\n* another',
  'R&D and/or sales, 5 % more (really).',
  '这是什么蘑菇}有毒吗',
  'Is it so?!',
  '€5 at 20 °C, ACME™',
  'She said "no".',
]
for (const text of prose) {
  test(`reads no code in ${JSON.stringify(text)}`, () => assert.deepEqual(marksOf(text), []))
}

test('counts quotes, not apostrophes', () => {
  assert.equal(quotesIn(`don't say "no" to 'x'`), 4)
})

test('sees how far the lines of a block are indented, not how many empty ones there are', () => {
  assert.equal(indentation('if x:\n  a()\n\n  b()'), '2,2')
  assert.equal(indentation('if x:\n  a()\nb()'), '2,0')
  assert.equal(indentation('  one line'), '')
  assert.equal(indentation('two\nlines'), '')
})
