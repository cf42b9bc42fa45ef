import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

const turned: readonly [string, string][] = [
  ['Summarize chapters 2 to 5', 'Summarize chapters 2 and 5'],
  ['2019年和2020年的数据', '2019年到2020年的数据'],
  ['Can I have tea and coffee?', 'Can I have tea or coffee?'],
  ['退货和换货', '退货或换货'],
  ['Up to 5 users can log in', '5 users can log in'],
  ['Which train goes from Paris via Lyon to Nice?', 'Which train goes from Paris to Lyon via Nice?'],
]
for (const [x, y] of turned) {
  test(`«${x}» is not «${y}»`, () => {
    for (const verdict of [verify(x, y), verify(y, x)]) {
      assert.equal(verdict.accept ? undefined : verdict.reason, 'direction')
    }
  })
}

const alike: readonly [string, string][] = [
  ['How long are flights from Berlin to Tokyo?', 'How long are flights Berlin to Tokyo?'],
  ['从北京到上海要多久', '北京到上海要多久'],
  ['Numbers between 5 and 10', 'numbers between 5 and 10!'],
]
for (const [x, y] of alike) {
  test(`«${x}» is «${y}»`, () => assert.equal(verify(x, y).accept, true, JSON.stringify(verify(x, y))))
}
