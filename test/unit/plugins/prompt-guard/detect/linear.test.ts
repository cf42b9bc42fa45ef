import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BUCKETS, createFeatures, KIND_SHIFT } from '../../../../../plugins/prompt-guard/detect/features.ts'
import { countWindows, PRIOR_MASS, scoreWindows } from '../../../../../plugins/prompt-guard/detect/linear.ts'

describe('linear model', () => {
  const weights = new Int8Array(BUCKETS)
  weights[5] = 10
  weights[6] = -10
  const model = { weights, step: 0.1, bias: -0.5 }

  const score = (...features: [bucket: number, block: number][]): number => {
    const vector = createFeatures(64)
    features.forEach(([bucket, block], at) => {
      vector.items[at] = (0 << KIND_SHIFT) | bucket
      vector.block[at] = block
    })
    vector.count = features.length
    vector.blocks = 1 + Math.max(0, ...features.map(([, block]) => block))
    return scoreWindows(model, vector)
  }

  it('divides by the length of the vector, which is never short', () => {
    assert.ok(Math.abs(score([5, 0]) - (1 / Math.sqrt(1 + PRIOR_MASS) - 0.5)) < 1e-9)
    assert.ok(Math.abs(score([5, 0], [5, 0], [5, 0], [5, 0]) - (4 / Math.sqrt(4 + PRIOR_MASS) - 0.5)) < 1e-9)
  })

  it('takes the worst window, however much else there is', () => {
    const benign = Array.from({ length: 20 }, (_, at): [number, number] => [6, at])
    assert.ok(score(...benign, [5, 20], [5, 20], [5, 20]) > score(...benign))
  })

  it('counts the windows it looks at', () => {
    assert.equal(countWindows(1), 1)
    assert.equal(countWindows(2), 1)
    assert.equal(countWindows(3), 3)
  })
})
