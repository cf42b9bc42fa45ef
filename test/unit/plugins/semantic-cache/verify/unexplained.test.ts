import assert from 'node:assert/strict'
import { test } from 'node:test'
import { align } from '../../../../../plugins/semantic-cache/verify/align.ts'
import { read } from '../../../../../plugins/semantic-cache/verify/read.ts'
import { unexplained } from '../../../../../plugins/semantic-cache/verify/unexplained.ts'

/** The words left over on both sides. */
function leftOver(x: string, y: string): [string[], string[]] | undefined {
  const [a, b] = [read(x), read(y)]
  const words = unexplained(a, b, align(a.tokens, b.tokens))
  return words && [words.inA.map((i) => a.tokens[i]?.key ?? ''), words.inB.map((j) => b.tokens[j]?.key ?? '')]
}

test('a synonym or another form of the word at the same place explains it', () => {
  assert.deepEqual(leftOver('the army razed the old city', 'the army destroyed the old city'), [[], []])
  assert.deepEqual(leftOver('the product of the old mill', 'the production of the old mill'), [[], []])
})

test('at another place it does not', () => {
  const words = leftOver(
    'they razed the old city with its walls',
    'they left the old city with its destroyed walls',
  )
  assert.deepEqual(
    words?.map((side) => side.length),
    [1, 2],
  )
})

test('an opposite explains nothing, however much its form is like the word', () => {
  assert.deepEqual(leftOver('the likely end of war', 'the unlikely end of war'), [['likely'], ['unlikely']])
})

test('words that say little are no difference, others are', () => {
  assert.deepEqual(leftOver('the house is located in the town', 'the house is in the town'), [[], []])
  assert.deepEqual(leftOver('a house with rooms', 'a house that contains rooms'), [[], []])
  assert.deepEqual(leftOver('the red house in the town', 'the house in the town'), [['red'], []])
})

test('gives up on texts in which many words differ', () => {
  const other = 'seven quiet foxes dig under tall green hedges'
  assert.equal(leftOver('stone bridges cross wide brown rivers everywhere', other), undefined)
})
