import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutFrame } from '../../../../../plugins/semantic-cache/verify/frame.ts'
import { tokenize } from '../../../../../plugins/semantic-cache/verify/tokenize.ts'

const cases: readonly [string, string][] = [
  ['I want to know what a mutex is', 'what a mutex is'],
  ["I'd like to know how to bake bread", 'how to bake bread'],
  ['Explain why it rains', 'why it rains'],
  ['Explain the rain', 'explain the rain'],
  ['请解释一下什么是机器学习', '什么是机器学习'],
  ['这是什么', '这是什么'],
]
for (const [text, rest] of cases) {
  test(`of «${text}» remains «${rest}»`, () => {
    const texts = (raw: ReturnType<typeof withoutFrame>) => raw.map((piece) => piece.text)
    assert.deepEqual(texts(withoutFrame(tokenize(text))), texts(tokenize(rest)))
  })
}
