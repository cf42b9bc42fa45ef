import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

const LONG = 'Which papers does a private person need to sell a house in Germany after five years'

/** As near as embeddings can be. */
function isServed(query: string, candidate: string): boolean {
  const verdicts = [verify(query, candidate, { closeness: 1 }), verify(candidate, query, { closeness: 1 })]
  return verdicts.every(({ accept }) => accept)
}

test('no embedding excuses a word more in a question that names a thing or says which', () => {
  for (const more of [
    LONG.replace('a house', 'a rented house'),
    LONG.replace('sell', 'quickly sell'),
    `${LONG} online`,
  ]) {
    assert.equal(isServed(`${LONG}?`, `${more}?`), false, more)
  }
  assert.equal(
    isServed('公司在试用期内辞退员工需要支付多少补偿金', '公司在试用期内违法辞退员工需要支付多少补偿金'),
    false,
  )
  assert.equal(isServed('剑灵高级衣料有什么用', '剑灵高级衣料是什么'), false)
})

test('light words are excused', () => {
  assert.equal(isServed(`${LONG}?`, `${LONG} nowadays?`), true)
  assert.equal(isServed('孕妇用的化妆品什么牌子好？', '孕妇化妆品什么牌子好？'), true)
  assert.equal(isServed('陶瓷刀买什么牌子的效果好?', '陶瓷刀买什么牌子的好？'), true)
})

test('who tells his own story asks for advice, in which every word counts', () => {
  const story =
    'My landlord wants to raise the rent of the small flat near the old market after the kitchen was renovated last summer'
  assert.equal(isServed(story, story.replace('kitchen', 'bathroom')), false)
  const report = story.replace('My', 'The')
  assert.equal(isServed(report, report.replace('kitchen', 'bathroom')), true)
})
