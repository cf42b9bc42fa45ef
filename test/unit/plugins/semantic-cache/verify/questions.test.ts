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

function pairsOf(name: string): Pair[] {
  const file = new URL(`../../../../fixtures/cache/${name}`, import.meta.url)
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Pair)
}

const pairs = pairsOf('questions.jsonl')

test('no trap of the fixture passes, in either direction', () => {
  const wrong = pairs.filter(({ a, b, label }) => label === 0 && (verify(a, b).accept || verify(b, a).accept))
  assert.deepEqual(wrong, [])
})

test('no trap passes as a user of a gateway would set it: code, SQL, doses, dates, directions, who did what', () => {
  const traps = pairsOf('traps.jsonl')
  assert.ok(traps.length > 500)
  // As near as embeddings can be: words alone must tell them apart.
  const passes = (x: string, y: string) => verify(x, y, { closeness: 1 }).accept || verify(x, y).accept
  assert.deepEqual(
    traps.filter(({ a, b }) => passes(a, b) || passes(b, a)),
    [],
  )
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
