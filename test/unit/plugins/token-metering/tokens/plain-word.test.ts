import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cl100kPlainWord,
  o200kPlainWord,
  PLAIN_WORD_WINDOW,
  type PlainWord,
} from '../../../../../plugins/token-metering/tokens/plain-word.ts'
import { anyText, referencePattern } from './oracle.ts'

function wordAtStart(text: string, plainWord: PlainWord): string {
  const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(PLAIN_WORD_WINDOW, '!')])
  const size = plainWord(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0)
  return bytes.toString('utf8', 0, size)
}

const wordish = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...'aqzAQZ  ') }, anyText), { maxLength: 24 })
  .map((parts) => parts.join(''))

for (const [encoding, plainWord] of [
  ['cl100k_base', cl100kPlainWord],
  ['o200k_base', o200kPlainWord],
] as const) {
  test(`finds what the ${encoding} pattern would, or nothing`, () => {
    const pattern = new RegExp(referencePattern(encoding), 'uy')
    let found = 0
    fc.assert(
      fc.property(wordish, (text) => {
        const word = wordAtStart(text, plainWord)
        pattern.lastIndex = 0
        if (word === '') return
        found++
        assert.equal(word, pattern.exec(`${Buffer.from(text)}!`)?.[0])
      }),
      { numRuns: 5000 },
    )
    assert.ok(found > 500)
  })

  test(`finds ordinary words of every length in ${encoding}`, () => {
    for (let length = 1; length < PLAIN_WORD_WINDOW - 1; length++) {
      const word = ` T${'e'.repeat(length)}`
      const expected = word.length < PLAIN_WORD_WINDOW ? word : ''
      assert.equal(wordAtStart(`${word}, next`, plainWord), expected)
      assert.equal(wordAtStart(`${word.toLowerCase()} next`, plainWord), expected.toLowerCase())
    }
  })

  test(`leaves to the pattern what goes on beyond ASCII in ${encoding}`, () => {
    for (const text of ['caf\u00e9', 'e\u0301', ' na\u00efve', '12', '  a', "'s", '!', '\u4f60']) {
      assert.equal(wordAtStart(text, plainWord), '')
    }
  })
}

test('takes upper case where the pattern does', () => {
  assert.equal(wordAtStart('HTTPServer x', cl100kPlainWord), 'HTTPServer')
  assert.equal(wordAtStart('camelCase x', cl100kPlainWord), 'camelCase')
  assert.equal(wordAtStart('HTTPServer x', o200kPlainWord), '')
  assert.equal(wordAtStart('camelCase x', o200kPlainWord), 'camel')
})

test('leaves contractions to the pattern of o200k_base, where they belong to the word', () => {
  assert.equal(wordAtStart("don't", o200kPlainWord), '')
  assert.equal(wordAtStart("don't", cl100kPlainWord), 'don')
})
