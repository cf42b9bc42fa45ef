import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lemma } from '../../../../../plugins/semantic-cache/verify/lemma.ts'

const equal: [string, string][] = [
  ['installs', 'install'],
  ['installed', 'installing'],
  ['files', 'file'],
  ['used', 'using'],
  ['cities', 'city'],
  ['stopped', 'stop'],
  ['children', 'child'],
  ['wrote', 'written'],
  ['colours', 'color'],
  ['boxes', 'box'],
  ['making', 'made'],
]
const apart: [string, string][] = [
  ['active', 'activate'],
  ['news', 'new'],
  ['process', 'proceed'],
  ['bus', 'business'],
  ['universe', 'university'],
  ['found', 'founded'],
]

for (const [x, y] of equal) test(`«${x}» and «${y}» are one word`, () => assert.equal(lemma(x), lemma(y)))
for (const [x, y] of apart) test(`«${x}» and «${y}» are two words`, () => assert.notEqual(lemma(x), lemma(y)))
