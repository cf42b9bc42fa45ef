import assert from 'node:assert/strict'
import { test } from 'node:test'
import { questionClass, sameQuestion } from '../../../../../plugins/semantic-cache/verify/question.ts'
import { foldText } from '../../../../../plugins/semantic-cache/verify/text.ts'
import { tokenize } from '../../../../../plugins/semantic-cache/verify/tokenize.ts'

const rows: [string, string][] = [
  ['Who wrote it?', 'who'],
  ['What is it?', 'what'],
  ['Which one is it?', 'what'],
  ['When did it start?', 'when'],
  ['when to start', 'when'],
  ['When it started , he lost control', 'none'],
  ['What time is it?', 'when'],
  ['Where is it?', 'where'],
  ['Why is it so?', 'why'],
  ['What is the reason for it?', 'why'],
  ['How come it fails?', 'why'],
  ['How do I start it?', 'how'],
  ['What is the best way to start it?', 'how'],
  ['Can you tell me how to start it?', 'how'],
  ['How many are there?', 'how_many'],
  ['How long does it take?', 'how_long'],
  ['How old is it?', 'how_old'],
  ['Is it safe?', 'yesno'],
  ['Can I start it?', 'yesno'],
  ['Start it', 'none'],
  ['这是什么', 'what'],
  ['他是谁', 'who'],
  ['什么时候开始', 'when'],
  ['在哪里', 'where'],
  ['为什么这样', 'why'],
  ['怎么登录不了', 'why'],
  ['怎么登录', 'how'],
  ['有多少人', 'how_many'],
  ['要多久', 'how_long'],
  ['这样安全吗', 'yesno'],
  ['能不能退款', 'yesno'],
  ['写一首诗', 'none'],
]

for (const [text, expected] of rows) {
  test(`«${text}» asks ${expected}`, () => {
    const folded = foldText(text)
    assert.equal(questionClass(folded, tokenize(folded), /[\u4e00-\u9fff]/.test(text)), expected)
  })
}

test('keywords go with what and how, not with who', () => {
  assert.equal(sameQuestion('none', 'how'), true)
  assert.equal(sameQuestion('what', 'none'), true)
  assert.equal(sameQuestion('none', 'who'), false)
  assert.equal(sameQuestion('yesno', 'how'), false)
})
