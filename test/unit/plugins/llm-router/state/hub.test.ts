import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hub } from '../../../../../plugins/llm-router/state/hub.ts'
import { MemoryRouterState } from '../../../../../plugins/llm-router/state/memory.ts'
import type { Changes, RouterState, Snapshot } from '../../../../../plugins/llm-router/state/port.ts'
import { type Channel, remoteShare, SharedObjects } from '../../../../../runner/services/share.ts'
import { routerSettings, silent, TestClock } from './settings.ts'

const quiet: Changes = { signals: [], inFlight: [], declared: {} }
const failures: Changes = {
  ...quiet,
  signals: Array.from({ length: 5 }, () => ({ breaker: 'b|m', kind: 'failure' as const })),
}
const elsewhere: Snapshot = {
  breakers: { 'a|m': { cause: 'failures', forMs: 5000 } },
  ttftMs: {},
  inFlight: { a: 7 },
  upstreamsDown: {},
}

class Remote implements RouterState {
  mode: 'answers' | 'fails' | 'hangs' = 'answers'
  asked = 0

  async apply(): Promise<void> {
    await this.#answer(undefined)
  }

  snapshot(): Promise<Snapshot> {
    return this.#answer(elsewhere)
  }

  acquireProbe(): Promise<boolean> {
    return this.#answer(true)
  }

  async #answer<T>(value: T): Promise<T> {
    this.asked++
    if (this.mode === 'hangs') return new Promise(() => {})
    if (this.mode === 'fails') throw new Error('away')
    return value
  }
}

function rig(shared?: Remote, clock = new TestClock()) {
  const memory = new MemoryRouterState(routerSettings(), clock)
  return new Hub({ memory, shared, control: undefined, timeoutMs: 20, clock, log: silent })
}

test('asks the shared state, once for several workers', async () => {
  const remote = new Remote()
  const clock = new TestClock()
  const hub = rig(remote, clock)
  const snapshots = await Promise.all([hub.snapshot(), hub.snapshot()])
  assert.deepEqual(snapshots[0], elsewhere)
  clock.ms += 199
  await hub.snapshot()
  assert.equal(remote.asked, 1)
  clock.ms++
  await hub.snapshot()
  assert.equal(remote.asked, 2)
})

test('uses the local copy while the shared state fails or hangs, with what was open before', async () => {
  for (const mode of ['fails', 'hangs'] as const) {
    const remote = new Remote()
    const hub = rig(remote)
    await hub.snapshot()
    remote.mode = mode
    await hub.apply(failures)
    const local = await hub.snapshot()
    assert.equal(hub.isLocal, true)
    assert.deepEqual(Object.keys(local.breakers).sort(), ['a|m', 'b|m'])
    assert.equal(await hub.acquireProbe('b|m'), false)
    remote.mode = 'answers'
    await hub.apply(quiet)
    assert.equal(hub.isLocal, false)
    assert.deepEqual((await hub.snapshot()).breakers, elsewhere.breakers)
  }
})

test('counts along in memory while the shared state is there', async () => {
  const remote = new Remote()
  const hub = rig(remote)
  await hub.apply({ ...quiet, inFlight: [{ provider: 'a', id: '1', change: 'begin' }] })
  remote.mode = 'fails'
  await hub.apply(quiet)
  assert.equal((await hub.snapshot()).inFlight.a, 1)
})

test('serves workers in other processes', async () => {
  const toHub: ((message: unknown) => void)[] = []
  const toWorker: ((message: unknown) => void)[] = []
  const end = (mine: typeof toHub, other: typeof toHub): Channel => ({
    // As between processes: only JSON arrives.
    send: (message) => {
      for (const listener of other) listener(JSON.parse(JSON.stringify(message)))
    },
    onMessage: (listener) => mine.push(listener),
  })
  const objects = new SharedObjects()
  const hub = rig()
  await objects.share<RouterState>('state', () => hub)
  objects.serve(end(toHub, toWorker))
  const remote = await remoteShare(end(toWorker, toHub), 1000)<RouterState>('state', () => hub)
  await remote.apply(failures)
  assert.equal((await remote.snapshot()).breakers['b|m']?.cause, 'failures')
  assert.equal(await remote.acquireProbe('b|m'), false)
})
