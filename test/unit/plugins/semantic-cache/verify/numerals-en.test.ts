import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEnNumber } from '../../../../../plugins/semantic-cache/verify/numerals-en.ts'

const rows: [string, number | undefined, words?: number, ordinal?: boolean][] = [
  ['five apples', 5, 1],
  ['twenty three', 23, 2],
  ['two hundred and five', 205, 4],
  ['one thousand two hundred', 1200, 4],
  ['three million', 3_000_000, 2],
  ['a dozen', undefined],
  ['dozen eggs', 12, 1],
  ['twenty third', 23, 2, true],
  ['first', 1, 1, true],
  ['five six', 5, 1],
  ['two and three', 2, 1],
  ['hundred', undefined],
  ['apples', undefined],
]

for (const [text, value, words, ordinal] of rows) {
  test(`reads «${text}» as ${value}`, () => {
    const expected = value === undefined ? undefined : { value, ordinal: ordinal ?? false, words }
    assert.deepEqual(parseEnNumber(text.split(' '), 0), expected)
  })
}
