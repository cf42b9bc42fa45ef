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
  ] as const) {
    assert.equal(verify(a, b, { closeness }).accept, false, b)
  }
})

const STATEMENT =
  'The old stone bridge crosses the wide river near the market of a small town in northern hills of farmers'
const SHORT = 'The old bridge crosses the river'

test('a long statement may say one thing more, or two, or another one when it is almost the same to the model', () => {
  for (const [other, closeness] of [
    [`${STATEMENT} gracefully`, 0.65],
    [`${STATEMENT} gracefully nowadays`, 0.85],
    [STATEMENT.replace('wide', 'brown'), 0.85],
  ] as const) {
    assert.equal(verify(STATEMENT, other, { closeness }).accept, true, other)
    assert.equal(verify(other, STATEMENT, { closeness }).accept, true, other)
    const further = verify(STATEMENT, other, { closeness: closeness - 0.1 })
    assert.deepEqual(further, { accept: false, reason: 'content' }, other)
  }
  for (const other of [
    `${STATEMENT} gracefully nowadays, locals claim`,
    STATEMENT.replace('wide river', 'brown canal'),
    // Some words turn what they stand with into something else, and one that is there twice may have changed its place.
    STATEMENT.replace('bridge', 'future bridge'),
    STATEMENT.replace('wide', 'stone'),
    `${STATEMENT.replace('wide', '')} widely`.replace('old', ''),
  ]) {
    assert.equal(verify(STATEMENT, other, { closeness: 0.95 }).accept, false, other)
  }
  assert.equal(verify(SHORT, SHORT.replace('bridge', 'stone bridge'), { closeness: 0.95 }).accept, false)
})

test('a request must say every word of the other one, however near', () => {
  for (const request of [
    `Please repeat: ${STATEMENT}`,
    `Imagine this: ${STATEMENT}`,
    `${STATEMENT}. Rewrite it`,
  ]) {
    const changed = request.replace('wide', 'wide brown')
    assert.deepEqual(
      verify(request, changed, { closeness: 0.95 }),
      { accept: false, reason: 'content' },
      request,
    )
  }
})

test('any number of synonyms may stand for each other when the text is near', () => {
  const [x, y] = ['The army destroyed and captured the city', 'The army razed and seized the city']
  assert.equal(verify(x, y, { closeness: 0.7 }).accept, true)
  assert.deepEqual(verify(x, y, { closeness: 0.5 }), { accept: false, reason: 'content' })
})

test('in Chinese a character may be another one in a long statement, but none be added', () => {
  const text = '这座古老的石桥横跨宽阔的河流，靠近小镇中心的市场和学校'
  assert.equal(verify(text, text.replace('宽阔', '宽广'), { closeness: 0.9 }).accept, true)
  assert.equal(verify(text, text.replace('石桥', '石拱桥'), { closeness: 0.9 }).accept, false)
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

test('no embedding excuses a word in a language of which the tables know no negation', () => {
  for (const [text, negated] of [
    [
      'Die Mieter der Wohnung im zweiten Stock dürfen den Garten hinter dem Haus am Wochenende für Feiern nutzen',
      'Die Mieter der Wohnung im zweiten Stock dürfen den Garten hinter dem Haus am Wochenende nicht für Feiern nutzen',
    ],
    [
      'Жильцы второго этажа могут пользоваться садом за домом по выходным для своих праздников и встреч с друзьями',
      'Жильцы второго этажа не могут пользоваться садом за домом по выходным для своих праздников и встреч с друзьями',
    ],
  ] as const) {
    assert.deepEqual(verify(text, negated, { closeness: 1 }), { accept: false, reason: 'content' })
    assert.equal(verify(text, text.toUpperCase(), { closeness: 0 }).accept, true)
  }
})

test('a statement that comes with instructions is what they work on: no word is excused', () => {
  const changed = STATEMENT.replace('wide', 'brown')
  assert.equal(verify(STATEMENT, changed, { closeness: 1 }).accept, true)
  const reason = { accept: false, reason: 'content' }
  assert.deepEqual(verify(STATEMENT, changed, { closeness: 1, isInstructed: true }), reason)
})
