import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

interface Pair {
  id: string
  a: string
  b: string
  label: 0 | 1
}

const file = new URL('../../../../fixtures/cache/questions.jsonl', import.meta.url)
const pairs = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Pair)

test('no trap of the fixture passes, in either direction', () => {
  const wrong = pairs.filter(({ a, b, label }) => label === 0 && (verify(a, b).accept || verify(b, a).accept))
  assert.deepEqual(wrong, [])
})

test('three of four paraphrases of the fixture pass', () => {
  const right = pairs.filter(({ label }) => label === 1)
  const hits = right.filter(({ a, b }) => verify(a, b).accept)
  assert.ok(hits.length >= right.length * 0.75, `${hits.length} of ${right.length}`)
})

test('a verdict does not depend on which text was stored', () => {
  const oneWay = pairs.filter(({ a, b }) => verify(a, b).accept !== verify(b, a).accept)
  assert.deepEqual(oneWay, [])
})

test('a text serves itself, whatever it holds', () => {
  for (const { a } of pairs) assert.equal(verify(a, ` ${a} `).accept, true, a)
})
