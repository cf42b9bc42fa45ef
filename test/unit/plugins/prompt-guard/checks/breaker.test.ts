import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaker } from '../../../../../plugins/prompt-guard/checks/breaker.ts'

function breakerAt(clock: { now: number }): Breaker {
  return new Breaker({ failures: 2, openMs: 100, now: () => clock.now })
}

test('opens after failures in a row, lets one probe through, and closes when it succeeds', () => {
  const clock = { now: 0 }
  const breaker = breakerAt(clock)
  for (let i = 0; i < 2; i++) {
    assert.ok(breaker.take())
    breaker.fail()
  }
  assert.equal(breaker.take(), false)
  clock.now = 100
  assert.ok(breaker.take())
  assert.equal(breaker.take(), false)
  breaker.ok()
  assert.ok(breaker.take())
})

test('a probe that fails doubles the pause, up to a minute; one whose caller left does not', () => {
  const clock = { now: 0 }
  const breaker = breakerAt(clock)
  breaker.fail()
  breaker.fail()
  clock.now = 100
  assert.ok(breaker.take())
  breaker.leave()
  assert.ok(breaker.take())
  breaker.fail()
  clock.now = 299
  assert.equal(breaker.take(), false)
  clock.now = 300
  assert.ok(breaker.take())
  for (let i = 0; i < 20; i++) {
    breaker.fail()
    clock.now += 60_000
    assert.ok(breaker.take())
  }
})

test('a success in between starts the count anew', () => {
  const breaker = breakerAt({ now: 0 })
  breaker.fail()
  breaker.ok()
  breaker.fail()
  assert.ok(breaker.take())
})
