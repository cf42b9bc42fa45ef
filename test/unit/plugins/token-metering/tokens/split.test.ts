import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { classifyUtf8 } from '../../../../../plugins/token-metering/tokens/char-class.ts'
import {
  cl100kPieceEnd,
  o200kPieceEnd,
  type PieceEnd,
} from '../../../../../plugins/token-metering/tokens/split.ts'
import { anyText, referencePattern } from './oracle.ts'

function split(text: string, pieceEnd: PieceEnd): string[] {
  const bytes = Buffer.from(text)
  const classes = new Uint8Array(bytes.length)
  classifyUtf8(bytes, bytes.length, classes)
  const pieces: string[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = pieceEnd(bytes, classes, start, bytes.length)
    assert.ok(end > start)
    pieces.push(bytes.toString('utf8', start, end))
    start = end
  }
  return pieces
}

for (const [encoding, pieceEnd] of [
  ['cl100k_base', cl100kPieceEnd],
  ['o200k_base', o200kPieceEnd],
] as const) {
  test(`splits any text as the ${encoding} pattern does`, () => {
    const pattern = new RegExp(referencePattern(encoding), 'gu')
    fc.assert(
      fc.property(anyText, (text) => {
        const wellFormed = Buffer.from(text).toString()
        assert.deepEqual(split(text, pieceEnd), wellFormed.match(pattern) ?? [])
      }),
      { numRuns: 3000 },
    )
  })

  test(`splits long runs for ${encoding} as the pattern does`, () => {
    const pattern = new RegExp(referencePattern(encoding), 'gu')
    for (const unit of [
      ' ',
      '\n',
      ' \n',
      'a',
      'A',
      '你',
      'A你',
      '你A',
      '\u0301',
      '\u0301A',
      '1',
      '!',
      "'s",
      '/\n',
      '\t ',
    ]) {
      const text = `x${unit.repeat(500)}y`
      assert.deepEqual(split(text, pieceEnd), text.match(pattern), JSON.stringify(unit))
    }
  })
}
