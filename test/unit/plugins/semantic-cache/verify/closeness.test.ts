import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closenessOf } from '../../../../../plugins/semantic-cache/verify/closeness.ts'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

test('is counted from the threshold to the same text', () => {
  assert.equal(closenessOf(0.95, 0.95), 0)
  assert.equal(closenessOf(1, 0.8), 1)
  assert.equal(closenessOf(0.9, 0.8).toFixed(6), '0.500000')
  assert.ok(closenessOf(0.7, 0.8) < 0)
  assert.equal(closenessOf(1, 1), 1)
  assert.equal(closenessOf(0.99, 1), 0)
})

test('a short text must be nearer than the threshold, unless nothing but spelling differs', () => {
  const [query, candidate] = ['How do I boil an egg?', 'How can I boil eggs?']
  assert.equal(verify(query, candidate, { closeness: 0.7 }).accept, true)
  assert.deepEqual(verify(query, candidate, { closeness: 0.5 }), { accept: false, reason: 'closeness' })
  assert.equal(verify(query, 'how do i boil an egg', { closeness: 0 }).accept, true)
})

test('a long question may say one thing more when it is almost the same to the model', () => {
  const long = 'Which cable connects an old film camera with a new printer in the garden house'
  const more = `${long} nowadays`
  assert.equal(verify(`${long}?`, `${more}?`, { closeness: 0.85 }).accept, true)
  assert.equal(verify(`${more}?`, `${long}?`, { closeness: 0.85 }).accept, true)
  for (const [a, b, closeness] of [
    [`${long}?`, `${more}?`, 0.75],
    [`${long}?`, `${more} beside big trees?`, 0.99],
    ['Which cable fits?', 'Which cable fits nowadays?', 0.99],
    [long.replace('Which', 'This'), more.replace('Which', 'This'), 0.99],
  ] as const) {
    assert.equal(verify(a, b, { closeness }).accept, false, b)
  }
})

test('no closeness excuses a number, a negation, a name or an exchange', () => {
  for (const [a, b] of [
    ['Who won the cup in 2023?', 'Who won the cup in 2024?'],
    ['Can I take this pill with milk?', 'Can I not take this pill with milk?'],
    ['Where does Anna live now with all her children?', 'Where does Maria live now with all her children?'],
    ['女人喜欢男人什么发型？', '男人喜欢女人什么发型？'],
  ] as const) {
    assert.equal(verify(a, b, { closeness: 1 }).accept, false, a)
  }
})
