import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseZhNumber } from '../../../../../plugins/semantic-cache/verify/numerals-zh.ts'

const rows: [string, number | undefined][] = [
  ['五', 5],
  ['十', 10],
  ['十二', 12],
  ['二十', 20],
  ['一百零五', 105],
  ['一百二十三', 123],
  ['一百五', 150],
  ['两千', 2000],
  ['三万五', 35_000],
  ['三万零五', 30_005],
  ['一亿二千万', 120_000_000],
  ['一万亿', 1_000_000_000_000],
  ['二〇二四', 2024],
  ['〇', 0],
  ['', undefined],
  ['一'.repeat(21), undefined],
]

for (const [text, value] of rows) {
  test(`reads «${text.slice(0, 8)}» as ${value}`, () => assert.equal(parseZhNumber(text), value))
}
