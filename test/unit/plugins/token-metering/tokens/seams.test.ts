import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PieceMerger } from '../../../../../plugins/token-metering/tokens/merge.ts'
import { Seams } from '../../../../../plugins/token-metering/tokens/seams.ts'
import { Vocabulary } from '../../../../../plugins/token-metering/tokens/vocabulary.ts'
import { anyText, ranksOf } from './oracle.ts'

function cut(text: string, seams: Seams): string[] {
  const bytes = Buffer.from(text)
  const parts: string[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = seams.next(bytes, from, bytes.length)
    assert.ok(to > from)
    parts.push(bytes.toString('utf8', from, to))
    from = to
  }
  return parts
}

for (const encoding of ['cl100k_base', 'o200k_base'] as const) {
  const vocabulary = new Vocabulary(ranksOf(encoding))
  const seams = new Seams(vocabulary.tokens)
  const merger = new PieceMerger(vocabulary)
  const merged = (text: string) => {
    const bytes = Buffer.from(text)
    return bytes.length === 0 ? 0 : merger.count(bytes, 0, bytes.length)
  }
  const { pool, starts } = vocabulary.tokens
  const token = fc
    .integer({ min: 0, max: vocabulary.size - 1 })
    .map((rank) => Buffer.from(pool.subarray(starts[rank], starts[rank + 1])))

  test(`merging between the seams of ${encoding} leaves as many tokens as merging the whole`, () => {
    const ofTokens = fc
      .array(token, { minLength: 1, maxLength: 12 })
      .map((tokens) => Buffer.concat(tokens).toString())
    fc.assert(
      fc.property(fc.oneof(anyText, ofTokens), (text) => {
        const parts = cut(text, seams)
        assert.equal(parts.join(''), Buffer.from(text).toString())
        assert.equal(
          parts.reduce((sum, part) => sum + merged(part), 0),
          merged(text),
        )
      }),
      { numRuns: 4000 },
    )
  })

  test(`cuts no token of ${encoding}`, () => {
    for (let rank = 0; rank < vocabulary.size; rank++) {
      const bytes = pool.subarray(starts[rank], starts[rank + 1])
      const text = Buffer.from(bytes).toString()
      if (Buffer.compare(Buffer.from(text), bytes) === 0) assert.equal(cut(text, seams).length, 1, text)
    }
  })
}

test('cuts a clause into short parts', () => {
  const seams = new Seams(new Vocabulary(ranksOf('o200k_base')).tokens)
  const parts = cut('请把下面这段会议记录整理成一份简短的纪要', seams)
  assert.ok(parts.includes('请'))
  assert.ok(parts.every((part) => [...part].length <= 8))
})
