import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RememberedTexts } from '../../../plugins/remembered-texts.ts'

const text = (name: string): string => name.padEnd(100, '.')

test('forgets what was not asked for the longest', () => {
  const remembered = new RememberedTexts<number>({ texts: 2, chars: 10_000 })
  remembered.add(text('a'), 1)
  remembered.add(text('b'), 2)
  assert.equal(remembered.get(text('a')), 1)
  remembered.add(text('c'), 3)
  assert.equal(remembered.get(text('b')), undefined)
  assert.equal(remembered.get(text('a')), 1)
  assert.equal(remembered.get(text('c')), 3)
})

test('holds no more characters than it may, whatever comes and goes', () => {
  const remembered = new RememberedTexts<number>({ texts: 1000, chars: 250 })
  for (let round = 0; round < 3; round++) {
    for (const name of ['a', 'b', 'c']) remembered.add(text(name), 1)
    const held = ['a', 'b', 'c'].filter((name) => remembered.get(text(name)) !== undefined)
    assert.deepEqual(held, ['b', 'c'])
  }
})

test('keeps no text that is very short or long, and what it knows as it is', () => {
  const remembered = new RememberedTexts<number>({ texts: 10, chars: 1_000_000 })
  for (const one of ['short', 'x'.repeat(100_000)]) {
    remembered.add(one, 1)
    assert.equal(remembered.get(one), undefined)
  }
  remembered.add(text('a'), 0)
  remembered.add(text('a'), 5)
  assert.equal(remembered.get(text('a')), 0)
})
