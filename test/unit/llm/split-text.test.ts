import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitText } from '../../../runner/llm/split-text.ts'

test('gives pieces of whole words, or of whole characters where there are none', () => {
  assert.deepEqual(Array.from(splitText('The quick brown fox jumps over the lazy dog')), [
    'The quick brown fox ',
    'jumps over the lazy dog',
  ])
  assert.deepEqual(
    Array.from(splitText('你'.repeat(30)), (piece) => piece.length),
    [24, 6],
  )
})

test('joins to the text, splits no pair of surrogates and stays bounded', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('😀', 'a', ' ', '\ud800', '\udc00'), maxLength: 200 }),
  )
  fc.assert(
    fc.property(text, (whole) => {
      const pieces = Array.from(splitText(whole))
      assert.equal(pieces.join(''), whole)
      const seams = pieces.slice(1).map((piece, i) => `${pieces[i]?.at(-1)}${piece[0]}`)
      for (const seam of seams) assert.ok(!/^[\ud800-\udbff][\udc00-\udfff]$/.test(seam))
    }),
  )
  assert.ok(Array.from(splitText('x '.repeat(1_000_000))).length <= 1_000)
})
