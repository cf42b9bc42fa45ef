import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textSimilarity } from '../../../../plugins/semantic-cache/shadow.ts'

test('case, width, space and punctuation make no difference, words do', () => {
  assert.equal(textSimilarity('Hello,  World!', 'hello world'), 1)
  assert.equal(textSimilarity('Ｈｅｌｌｏ', 'hello'), 1)
  assert.equal(textSimilarity('', ' '), 1)
  assert.equal(textSimilarity('', 'x'), 0)
  assert.equal(textSimilarity('abcd', 'wxyz'), 0)
  const near = textSimilarity('用 open() 打开文件再读取。', '用 open() 打开文件，然后读取。')
  assert.ok(near > 0.7 && near < 1, `${near}`)
  assert.ok(textSimilarity('Paris is the capital.', 'The moon is far away.') < 0.4)
})

test('is the same both ways, and 1 for equal texts only', () => {
  for (const [a, b] of [
    ['aaaa', 'aaaaaaaa'],
    ['abab', 'baba'],
    ['one two', 'two one'],
  ] as const) {
    assert.equal(textSimilarity(a, b), textSimilarity(b, a))
    assert.ok(textSimilarity(a, b) < 1)
  }
})
