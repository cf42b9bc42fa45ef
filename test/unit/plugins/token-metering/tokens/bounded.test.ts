import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  countTextsBounded,
  countTokensBounded,
  fitsBytes,
} from '../../../../../plugins/token-metering/tokens/bounded.ts'
import { countTokens } from '../../../../../plugins/token-metering/tokens/tokenizer.ts'
import { anyText } from './oracle.ts'

const ENGLISH = 'Token counts are what a bill is made of, and so they had better be right. '
const CHINESE = '计费以令牌数为准，所以必须算得又快又准。'

test('counts exactly up to the budget and not beyond', () => {
  const text = CHINESE.repeat(10)
  const bytes = Buffer.byteLength(text)
  assert.deepEqual(countTokensBounded(text, 'o200k_base', bytes), {
    tokens: countTokens(text, 'o200k_base'),
    exact: true,
  })
  assert.equal(countTokensBounded(text, 'o200k_base', bytes - 1).exact, false)
})

test('estimates even and mixed texts within three per cent', () => {
  const mixed = ENGLISH.repeat(4000) + CHINESE.repeat(5000) + '{"id": 12345, "ok": true}\n'.repeat(8000)
  for (const text of ['a'.repeat(1_000_000), CHINESE.repeat(20_000), ENGLISH.repeat(10_000), mixed]) {
    const { tokens, exact } = countTokensBounded(text, 'o200k_base')
    const truth = countTokens(text, 'o200k_base')
    assert.equal(exact, false)
    assert.ok(Math.abs(tokens - truth) / truth < 0.03, `${tokens} for ${truth}`)
  }
})

test('shares one budget among many texts', () => {
  const texts = Array.from({ length: 50 }, () => ENGLISH)
  const truth = 50 * countTokens(ENGLISH, 'cl100k_base')
  assert.deepEqual(countTextsBounded(texts, 'cl100k_base'), { tokens: truth, exact: true })
  const small = countTextsBounded(texts, 'cl100k_base', 1000)
  assert.equal(small.exact, false)
  assert.ok(Math.abs(small.tokens - truth) / truth < 0.2)
  assert.deepEqual(countTextsBounded([], 'cl100k_base'), { tokens: 0, exact: true })
})

test('never throws and never counts below nothing, whatever the text and budget', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 100 }), (text, budget) => {
      const { tokens } = countTokensBounded(text, 'o200k_base', budget)
      assert.ok(Number.isSafeInteger(tokens) && tokens >= 0)
    }),
  )
})

test('measures in bytes of UTF-8', () => {
  assert.equal(fitsBytes(['你', '好'], 6), true)
  assert.equal(fitsBytes(['你', '好'], 5), false)
})
