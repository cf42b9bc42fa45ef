import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SlidingWindow } from '../../../../../plugins/token-metering/store/sliding-window.ts'

const NOON = Date.UTC(2026, 10, 22, 12)

test('counts what is younger than 60 seconds, and a bucket as long as its newest', () => {
  const window = new SlidingWindow()
  window.addAt(NOON + 100, NOON + 100, 5, 0)
  window.addAt(NOON + 900, NOON + 900, 7, 0)
  window.addAt(NOON + 1500, NOON + 1500, 1, 0)
  assert.equal(window.total('tokens', NOON + 60_899), 13)
  assert.equal(window.total('tokens', NOON + 60_900), 1)
  assert.equal(window.total('tokens', NOON + 61_499), 1)
  assert.equal(window.total('tokens', NOON + 61_500), 0)
})

test('says how long until so much has left, and until all has', () => {
  const window = new SlidingWindow()
  window.addAt(NOON + 250, NOON + 250, 10, 0)
  window.addAt(NOON + 30_000, NOON + 30_000, 10, 0)
  const now = NOON + 40_000
  assert.equal(window.msUntilFree('tokens', now, 1), 20_250)
  assert.equal(window.msUntilFree('tokens', now, 10), 20_250)
  assert.equal(window.msUntilFree('tokens', now, 11), 50_000)
  assert.equal(window.msUntilFree('tokens', now, 21), 60_000)
  assert.equal(window.msUntilEmpty(now), 50_000)
  assert.equal(new SlidingWindow().msUntilEmpty(now), 0)
})

test('takes back what was added, and ignores what is too old to matter', () => {
  const window = new SlidingWindow()
  window.addAt(NOON, NOON, 100, 0)
  window.addAt(NOON + 20_000, NOON, -60, 0)
  assert.equal(window.total('tokens', NOON + 20_000), 40)
  window.addAt(NOON + 60_000, NOON, -40, 0)
  assert.equal(window.total('tokens', NOON + 60_000), 0)
  window.addAt(NOON + 60_000, NOON - 10_000, 9, 0)
  assert.equal(window.total('tokens', NOON + 60_000), 0)
})

test('counts tokens and requests apart', () => {
  const window = new SlidingWindow()
  window.addAt(NOON, NOON, 50, 1)
  window.addAt(NOON + 5000, NOON + 5000, 70, 1)
  assert.equal(window.total('tokens', NOON + 5000), 120)
  assert.equal(window.total('requests', NOON + 5000), 2)
  assert.equal(window.msUntilFree('tokens', NOON + 5000, 60), 60_000)
  assert.equal(window.msUntilFree('requests', NOON + 5000, 1), 55_000)
})

test('is never below what the last 60 seconds brought, nor above what the last 61 did', () => {
  const step = fc.record({ gap: fc.integer({ min: 0, max: 30_000 }), amount: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const window = new SlidingWindow()
      const added: { at: number; amount: number }[] = []
      let now = NOON
      const since = (ms: number) =>
        added.filter(({ at }) => at > now - ms).reduce((sum, { amount }) => sum + amount, 0)
      for (const { gap, amount } of steps) {
        now += gap
        const total = window.total('tokens', now)
        assert.ok(total >= since(60_000) && total <= since(61_000))
        window.addAt(now, now, amount, 0)
        added.push({ at: now, amount })
        assert.ok(window.msUntilFree('tokens', now, 1) <= 60_000)
      }
    }),
  )
})
