import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PieceMerger } from '../../../../../plugins/token-metering/tokens/merge.ts'
import { NO_RANK, Vocabulary } from '../../../../../plugins/token-metering/tokens/vocabulary.ts'
import { ranksOf } from './oracle.ts'

const vocabulary = new Vocabulary(ranksOf('cl100k_base'))
const merger = new PieceMerger(vocabulary)

/** Merging as it is defined: look at all pairs, join the first one of the lowest rank, again and again. */
function mergedByDefinition(bytes: Uint8Array): number {
  const bounds = Array.from({ length: bytes.length + 1 }, (_, i) => i)
  for (;;) {
    let lowest = NO_RANK
    let at = -1
    for (let i = 0; i + 2 < bounds.length; i++) {
      const rank = vocabulary.rankOf(bytes, bounds[i] ?? 0, bounds[i + 2] ?? 0)
      if (rank < lowest) {
        lowest = rank
        at = i
      }
    }
    if (at < 0) return bounds.length - 1
    bounds.splice(at + 1, 1)
  }
}

const piece = fc.oneof(
  fc.uint8Array({ minLength: 2, maxLength: 400 }),
  fc
    .string({ unit: fc.constantFrom(...'etaoins'), minLength: 2, maxLength: 400 })
    .map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom(...'ab '), minLength: 2, maxLength: 400 })
    .map((text) => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom(...'的一是在不了有'), minLength: 2, maxLength: 130 })
    .map((text) => Buffer.from(text)),
  fc
    .tuple(fc.constantFrom('a', ' ', '=', 'ab', 'abc', '哈', '0'), fc.integer({ min: 2, max: 300 }))
    .map(([unit, times]) => Buffer.from(unit.repeat(times))),
)

test('leaves as many tokens as merging by definition, on short and long pieces', () => {
  fc.assert(
    fc.property(piece, (bytes) => {
      assert.equal(merger.count(bytes, 0, bytes.length), mergedByDefinition(bytes))
    }),
    { numRuns: 500 },
  )
})

test('looks only at the bytes between start and end', () => {
  const bytes = Buffer.from(`xyz${'ab'.repeat(60)}xyz`)
  assert.equal(merger.count(bytes, 3, bytes.length - 3), mergedByDefinition(Buffer.from('ab'.repeat(60))))
})

test('takes pieces beyond the memory it keeps, and is the same afterwards', () => {
  const long = Buffer.alloc(200_000, 'a')
  assert.equal(merger.count(long, 0, long.length), 25_000)
  assert.equal(merger.count(long, 0, 8 * 100), 100)
})
