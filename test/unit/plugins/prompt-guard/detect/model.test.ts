import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LONE_PATTERNS, toScore } from '../../../../../plugins/prompt-guard/detect/model.ts'

describe('score of a long text', () => {
  const odds = 2.5

  it('is lower the more windows it has where the classifier stands alone', () => {
    const scores = [1, 8, 32, 128].map((windows) => toScore(odds, windows, 0))
    assert.deepEqual(
      scores,
      [...scores].sort((one, other) => other - one),
    )
    assert.ok((scores[0] ?? 0) - (scores[3] ?? 0) > 0.05)
  })

  it('is that of a short one where a rule says the same, and up to a few windows', () => {
    assert.equal(toScore(odds, 128, LONE_PATTERNS), toScore(odds, 1, LONE_PATTERNS))
    assert.equal(toScore(odds, 4, 0), toScore(odds, 1, 0))
  })
})
