import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abortError, EmbedError, toVector } from '../../../../../plugins/semantic-cache/embed/embedder.ts'

const rejected: [name: string, value: unknown][] = [
  ['too few numbers', [1]],
  ['too many numbers', [1, 2, 3]],
  ['not a list', 'x'],
  ['nothing', undefined],
  ['a string among the numbers', [1, '2']],
  ['an infinite number', [1, Number.POSITIVE_INFINITY]],
  ['a null as JSON writes NaN', [1, null]],
  ['zeros', [0, 0]],
]

for (const [name, value] of rejected) {
  test(`refuses a vector of ${name}`, () => {
    assert.throws(() => toVector(value, 2), { code: 'EMBED_SHAPE' })
  })
}

test('scales a vector to length 1', () => {
  const vector = toVector([3, 4], 2)
  assert.ok(Math.abs((vector[0] ?? 0) - 0.6) < 1e-6)
  assert.ok(Math.abs((vector[1] ?? 0) - 0.8) < 1e-6)
})

test('a passed deadline blames the embedder, a caller that left does not', () => {
  const left = new AbortController()
  left.abort()
  assert.equal(abortError(left.signal).code, 'EMBED_ABORTED')
  const late = new AbortController()
  late.abort(new DOMException('late', 'TimeoutError'))
  assert.equal(abortError(late.signal).code, 'EMBED_TIMEOUT')
  assert.ok(abortError(late.signal) instanceof EmbedError)
})
