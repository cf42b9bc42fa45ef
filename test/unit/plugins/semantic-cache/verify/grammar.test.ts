import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

const clashes: readonly [string, string, string][] = [
  ['When did the meeting start?', 'When will the meeting start?', 'tense'],
  ['Who is the CEO of Oracle?', 'Who was the CEO of Oracle?', 'tense'],
  ['会议开始了吗', '会议要开始了吗', 'tense'],
  ['他会来吗', '他来过吗', 'tense'],
  ['正在发货', '已经发货', 'tense'],
  ['谁曾是总统', '谁是总统', 'tense'],
  ['Can dogs eat grapes?', 'Should dogs eat grapes?', 'modal'],
  ['应该买吗', '能买吗', 'modal'],
  ['Does every user need a license?', 'Does any user need a license?', 'quantifier'],
  ['The user who blocked me', 'The user who I blocked', 'person'],
]
for (const [x, y, detail] of clashes) {
  test(`«${x}» and «${y}» differ by ${detail}`, () => {
    for (const [query, candidate] of [[x, y] as const, [y, x] as const]) {
      assert.deepEqual(verify(query, candidate), { accept: false, reason: 'grammar', detail })
    }
  })
}

const agree: readonly [string, string][] = [
  ['Can you sort this list?', 'Could you sort this list?'],
  ['When does the shop open?', 'when does the shop open'],
  ['The leaves are needle-like and they may fall.', 'the leaves are needle-like and they may fall'],
  ['圣诞节怎么过', '圣诞节怎样过？'],
  ['退款要多久到账', '退款多久到账'],
]
for (const [x, y] of agree) {
  test(`«${x}» and «${y}» agree`, () => assert.equal(verify(x, y).accept, true))
}
