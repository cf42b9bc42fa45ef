import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countTokens, groupTokens, splitTokens } from '../../provider/tokens.ts'

test('counts words, punctuation and Chinese characters, not white space', () => {
  assert.equal(countTokens(''), 0)
  assert.equal(countTokens(' \n\t　'), 0)
  assert.equal(countTokens('Hello, world_1!'), 4)
  assert.equal(countTokens('你好 world'), 3)
  assert.equal(countTokens('a😀b'), 3)
})

test('splits any text into pieces that join to the text and whose counts add up to its count', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), (text, chunks) => {
      const tokens = splitTokens(text)
      const pieces = groupTokens(tokens, chunks)
      assert.equal(tokens.join(''), text)
      assert.equal(pieces.join(''), text)
      assert.equal(
        pieces.reduce((sum, piece) => sum + countTokens(piece), 0),
        countTokens(text),
      )
    }),
  )
})
