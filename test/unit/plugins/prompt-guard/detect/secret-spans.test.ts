import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SecretSpans } from '../../../../../plugins/prompt-guard/detect/secret-spans.ts'

const email = (start: number) => ({ kind: 'email' as const, id: 'email', start, end: start + 6 })
const key = { kind: 'api_key' as const, id: 'openai', start: 3, end: 40 }

test('keeps what it was given, in order, and tells the kinds', () => {
  const spans = new SecretSpans()
  assert.deepEqual([spans.length, [...spans], [...spans.kinds]], [0, [], []])
  spans.add(email(0), 0)
  spans.add(key, 2)
  assert.deepEqual(
    [...spans],
    [
      { ...email(0), text: 0 },
      { ...key, text: 2 },
    ],
  )
  assert.deepEqual([...spans.kinds], ['email', 'api_key'])
})

test('finds those of one text among thousands', () => {
  const spans = new SecretSpans()
  for (let text = 0; text < 3_000; text += 3) {
    for (let place = 0; place < text % 5; place++) spans.add(email(place * 10), text)
  }
  for (const text of [0, 1, 3, 9, 1_500, 2_997, 2_998, 5_000]) {
    const count = text % 3 === 0 && text < 3_000 ? text % 5 : 0
    const starts = Array.from({ length: count }, (_, place) => place * 10)
    assert.deepEqual(
      [...spans.ofText(text)].map(({ start }) => start),
      starts,
    )
    assert.equal(spans.isIn(text), count > 0)
  }
})
