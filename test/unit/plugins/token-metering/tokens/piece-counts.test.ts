import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PieceCounts, REMEMBERED_BYTES } from '../../../../../plugins/token-metering/tokens/piece-counts.ts'
import { TextBytes } from '../../../../../plugins/token-metering/tokens/text-bytes.ts'

function textOf(text: string): TextBytes {
  const memory = new TextBytes(4096)
  memory.take(text)
  return memory
}

/** A number that tells pieces apart as a count would not. */
function fingerprint({ bytes }: TextBytes, start: number, end: number): number {
  return bytes.subarray(start, end).reduce((sum, byte) => (sum * 31 + byte + 1) % 251, 7)
}

test('counts a piece once, wherever it stands', () => {
  let counted = 0
  const counts = new PieceCounts(() => {
    counted++
    return 3
  })
  const text = textOf(' the cat and the dog')
  assert.equal(counts.count(text, 0, 4), 3)
  assert.equal(counts.count(text, 12, 4), 3)
  assert.equal(counted, 1)
  assert.equal(counts.count(text, 4, 4), 3)
  assert.equal(counted, 2)
})

test('tells pieces apart that differ in length alone, with zeros behind them', () => {
  const counts = new PieceCounts((_, start, end) => end - start)
  const text = textOf('\0'.repeat(64))
  for (const length of [3, 1, 16, 2, 8, 3, 16]) assert.equal(counts.count(text, 5, length), length)
})

test('never gives the count of another piece, however many there are', () => {
  const counts = new PieceCounts(fingerprint)
  const piece = fc.string({ unit: fc.constantFrom(...'ab\0é你'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 200 }), (pieces) => {
      const text = textOf(pieces.join('') + '.'.repeat(REMEMBERED_BYTES))
      let start = 0
      for (const one of pieces) {
        const length = Buffer.byteLength(one)
        assert.equal(counts.count(text, start, length), fingerprint(text, start, start + length))
        start += length
      }
    }),
    { numRuns: 300 },
  )
})

test('goes on when more pieces come than it has room for', () => {
  const counts = new PieceCounts(fingerprint)
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 30_000; i++) {
      const text = textOf(`w${i.toString(36)}................`)
      assert.equal(counts.count(text, 0, 6), fingerprint(text, 0, 6))
    }
  }
})
