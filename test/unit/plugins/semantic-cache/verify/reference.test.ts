import assert from 'node:assert/strict'
import { test } from 'node:test'
import { references } from '../../../../../plugins/semantic-cache/verify/reference.ts'
import { tokenize } from '../../../../../plugins/semantic-cache/verify/tokenize.ts'

const rows: [string, string][] = [
  ['how do i reset it', ''],
  ['tell me how to reset it', ''],
  ['what does my dog want', 'me'],
  ['what does your dog want', 'you'],
  ['who is this', 'this'],
  ['why did he ask her', 'he she'],
  ['why did she ask him', 'she he'],
  ['我想退款', ''],
  ['我是谁', 'me'],
  ['你都想不起来我是谁', 'you me'],
  ['这部电影好看吗', 'this'],
]

for (const [text, expected] of rows) {
  test(`«${text}» points at «${expected}»`, () => assert.equal(references(tokenize(text)), expected))
}
