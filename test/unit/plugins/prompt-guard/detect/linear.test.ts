import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFeatures } from '../../../../../plugins/prompt-guard/detect/features.ts'
import {
  BUCKETS,
  countWindows,
  distinctItems,
  PRIOR_MASS,
  scoreWindows,
  tagOf,
} from '../../../../../plugins/prompt-guard/detect/linear.ts'

type Feature = [word: number, block: number]

const WORD = 0

const vectorOf = (features: readonly Feature[]) => {
  const vector = createFeatures(64)
  features.forEach(([word, block], at) => {
    vector.hashes[at] = word
    vector.tags[at] = tagOf(WORD, block)
  })
  vector.count = features.length
  vector.blocks = 1 + Math.max(0, ...features.map(([, block]) => block))
  return vector
}

describe('linear model', () => {
  const weights = new Int8Array(BUCKETS)
  for (const [word, weight] of [
    [1, 10],
    [2, 10],
    [3, 10],
    [4, 10],
    [6, -10],
    [7, -10],
  ] as const) {
    weights[distinctItems(vectorOf([[word, 0]]))[0]?.bucket ?? 0] = weight
  }
  const score = (...features: Feature[]): number =>
    scoreWindows({ weights, step: 0.1, bias: -0.5 }, vectorOf(features))

  it('divides by the length of the vector, which is never short', () => {
    assert.ok(Math.abs(score([1, 0]) - (1 / Math.sqrt(1 + PRIOR_MASS) - 0.5)) < 1e-9)
    assert.ok(Math.abs(score([1, 0], [2, 0], [3, 0], [4, 0]) - (4 / Math.sqrt(4 + PRIOR_MASS) - 0.5)) < 1e-9)
  })

  it('takes the worst window, however much else there is', () => {
    const benign = Array.from({ length: 20 }, (_, at): Feature => [6, at])
    assert.ok(score(...benign, [1, 20], [2, 20], [3, 20]) > score(...benign))
  })

  it('counts a feature once in a block and again in the next', () => {
    assert.equal(score([1, 0], [1, 0], [1, 0]), score([1, 0]))
    assert.ok(score([1, 0], [1, 1]) > score([1, 0]))
  })

  it('shows training the very features that it scores', () => {
    const items = distinctItems(
      vectorOf([
        [1, 0],
        [6, 0],
        [1, 0],
        [7, 1],
      ]),
    )
    const sum = items.reduce((total, { bucket, value }) => total + (weights[bucket] ?? 0) * 0.1 * value, 0)
    const square = items.reduce((total, { value }) => total + value * value, 0)
    assert.deepEqual(
      items.map(({ block }) => block),
      [0, 0, 1],
    )
    assert.ok(Math.abs(score([1, 0], [6, 0], [7, 1]) - (sum / Math.sqrt(square + PRIOR_MASS) - 0.5)) < 1e-9)
  })

  it('counts the windows it looks at', () => {
    assert.equal(countWindows(1), 1)
    assert.equal(countWindows(2), 1)
    assert.equal(countWindows(3), 3)
  })
})
