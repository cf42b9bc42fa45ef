import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lemma } from '../../../../../plugins/semantic-cache/verify/lemma.ts'
import { areOpposite, canonical } from '../../../../../plugins/semantic-cache/verify/lexicon/tables.ts'
import { shareAnyMeaning, shareMeaning } from '../../../../../plugins/semantic-cache/verify/substitution.ts'

const key = (word: string) => canonical(lemma(word))

const synonyms = [
  'destroyed razed',
  'aggravated exacerbated',
  'carry transport',
  'provide offer',
  'hit struck',
]
for (const pair of synonyms) {
  const [x = '', y = ''] = pair.split(' ')
  test(`«${x}» may replace «${y}»`, () => assert.ok(shareMeaning(key(x), key(y))))
}

const others = [
  'marathon triathlon',
  'poem story',
  'reverse forward',
  'white brown',
  'java python',
  'plot cast',
]
for (const pair of others) {
  const [x = '', y = ''] = pair.split(' ')
  test(`«${x}» may not replace «${y}»`, () => assert.ok(!shareMeaning(key(x), key(y))))
}

const opposites = [
  'enable disable',
  'ascending descending',
  'possible impossible',
  'safe unsafe',
  'loaded unloaded',
]
for (const pair of opposites) {
  const [x = '', y = ''] = pair.split(' ')
  test(`«${x}» is the opposite of «${y}»`, () => {
    assert.ok(areOpposite(key(x), key(y)))
    assert.ok(areOpposite(key(y), key(x)))
  })
}

test('rarer meanings and looser synonyms count for statements only', () => {
  assert.ok(!shareMeaning(key('helpful'), key('advantageous')))
  assert.ok(shareAnyMeaning(key('helpful'), key('advantageous')))
  assert.ok(shareAnyMeaning(key('destroyed'), key('razed')))
  assert.ok(!shareAnyMeaning(key('java'), key('python')))
})
