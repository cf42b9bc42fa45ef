import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mirror } from '../../../../../plugins/llm-router/state/mirror.ts'
import type { Changes, RouterState, Snapshot } from '../../../../../plugins/llm-router/state/port.ts'
import { silent, TestClock } from './settings.ts'

class ScriptedState implements RouterState {
  snapshotNow: Snapshot = { breakers: {}, ttftMs: {}, inFlight: {}, upstreamsDown: {} }
  applied: Changes[] = []
  fails = false

  async apply(changes: Changes): Promise<void> {
    if (this.fails) throw new Error('away')
    this.applied.push(changes)
  }

  async snapshot(): Promise<Snapshot> {
    if (this.fails) throw new Error('away')
    return this.snapshotNow
  }

  async acquireProbe(): Promise<boolean> {
    if (this.fails) throw new Error('away')
    return true
  }
}

function rig() {
  const state = new ScriptedState()
  const clock = new TestClock()
  const mirror = new Mirror({ state, clock, log: silent, refreshMs: 60_000, flushMs: 60_000 })
  return { state, clock, mirror }
}

test('shows the last snapshot, its times running on', async () => {
  const { state, clock, mirror } = rig()
  state.snapshotNow = {
    breakers: { 'a|m': { cause: 'failures', forMs: 100 } },
    ttftMs: { 'a|m': 50 },
    inFlight: { a: 3 },
    upstreamsDown: { 'a-upstream': 'skipped' },
  }
  await mirror.refresh()
  assert.deepEqual(mirror.standing('a|m'), { state: 'open', cause: 'failures', forMs: 100 })
  assert.deepEqual(mirror.standing('other'), { state: 'closed' })
  assert.equal(mirror.ttftMs('a|m'), 50)
  assert.equal(mirror.upstreamHealth('a-upstream'), 'skipped')
  assert.equal(mirror.upstreamHealth('b'), 'up')
  clock.ms += 100
  assert.deepEqual(mirror.standing('a|m'), { state: 'half_open', cause: 'failures' })
})

test('adds what this process began since the snapshot', async () => {
  const { state, mirror } = rig()
  state.snapshotNow = { ...state.snapshotNow, inFlight: { a: 3 } }
  await mirror.refresh()
  mirror.change({ provider: 'a', id: '1', change: 'begin' })
  mirror.change({ provider: 'b', id: '2', change: 'end' })
  assert.equal(mirror.inFlight('a'), 4)
  assert.equal(mirror.inFlight('b'), 0)
  state.snapshotNow = { ...state.snapshotNow, inFlight: { a: 4 } }
  await mirror.refresh()
  assert.equal(mirror.inFlight('a'), 4)
})

test('writes changes together, in order', async () => {
  const { state, mirror } = rig()
  mirror.declare('a', 'up')
  mirror.signal({ breaker: 'a|m', kind: 'ok' })
  mirror.change({ provider: 'a', id: '1', change: 'begin' })
  mirror.change({ provider: 'a', id: '1', change: 'end' })
  await mirror.stop()
  assert.equal(state.applied.length, 1)
  assert.deepEqual(state.applied[0], {
    signals: [{ breaker: 'a|m', kind: 'ok' }],
    inFlight: [
      { provider: 'a', id: '1', change: 'begin' },
      { provider: 'a', id: '1', change: 'end' },
    ],
    declared: { a: 'up' },
  })
})

test('keeps the old picture while the state does not answer, and grants no probe', async () => {
  const { state, mirror } = rig()
  state.snapshotNow = { ...state.snapshotNow, inFlight: { a: 3 } }
  await mirror.refresh()
  state.fails = true
  mirror.change({ provider: 'a', id: '1', change: 'begin' })
  await mirror.refresh()
  assert.equal(mirror.inFlight('a'), 4)
  assert.equal(await mirror.acquireProbe('a|m'), false)
})
