import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countTokens, tokenizerFor } from '../../../../../plugins/token-metering/tokens/tokenizer.ts'
import { anyText, referenceTokenizer } from './oracle.ts'

for (const encoding of ['cl100k_base', 'o200k_base'] as const) {
  test(`counts any text in ${encoding} as js-tiktoken does`, () => {
    const reference = referenceTokenizer(encoding)
    fc.assert(
      fc.property(anyText, (text) => assert.equal(countTokens(text, encoding), reference(text))),
      { numRuns: 1500 },
    )
  })
}

test('counts special tokens as the plain text they are', () => {
  assert.equal(countTokens('<|endoftext|>', 'cl100k_base'), 7)
  assert.equal(countTokens('<|endoftext|>', 'o200k_base'), 7)
})

test('counts every chat role as one token', () => {
  for (const role of ['system', 'developer', 'user', 'assistant', 'tool', 'function']) {
    assert.equal(countTokens(role, 'cl100k_base'), 1)
    assert.equal(countTokens(role, 'o200k_base'), 1)
  }
})

test('counts a lone surrogate as the replacement character and an empty text as nothing', () => {
  assert.equal(countTokens('a\ud800b', 'o200k_base'), countTokens('a\ufffdb', 'o200k_base'))
  assert.equal(countTokens('', 'o200k_base'), 0)
})

test('counts the same through kept and through fresh buffers', () => {
  const sentence = 'The quick brown fox — 敏捷的棕色狐狸 — jumps. \n'
  const once = countTokens(sentence, 'o200k_base')
  assert.equal(countTokens(sentence.repeat(10_000), 'o200k_base'), once * 10_000)
  assert.equal(countTokens(sentence, 'o200k_base'), once)
})

test('counts within a number of bytes without cutting a character', () => {
  const tokenizer = tokenizerFor('o200k_base')
  assert.deepEqual(tokenizer.countWithin('你好你好', 7), { tokens: tokenizer.count('你好'), units: 2 })
  assert.deepEqual(tokenizer.countWithin('ab', 100), { tokens: 1, units: 2 })
})
