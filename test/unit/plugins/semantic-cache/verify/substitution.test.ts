import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lemma } from '../../../../../plugins/semantic-cache/verify/lemma.ts'
import { areOpposite, canonical } from '../../../../../plugins/semantic-cache/verify/lexicon/tables.ts'
import { shareMeaning } from '../../../../../plugins/semantic-cache/verify/substitution.ts'

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
