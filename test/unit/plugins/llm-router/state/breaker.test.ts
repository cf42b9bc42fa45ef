import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Breaker, fold, opened, takeProbe } from '../../../../../plugins/llm-router/state/breaker.ts'
import type { Signal } from '../../../../../plugins/llm-router/state/port.ts'
import { breakerSettings } from './settings.ts'

type Kind = Signal['kind']
type Step = Kind | [Kind, Partial<Signal>]

function after(steps: Step[], from?: Breaker, now = 1000, settings = breakerSettings()): Breaker | undefined {
  let breaker = from
  for (const step of steps) {
    const [kind, more] = typeof step === 'string' ? [step, {}] : step
    breaker = fold(breaker, { breaker: 'a|m', kind, ...more }, now, settings)
  }
  return breaker
}

const times = (count: number, kind: Kind): Kind[] => Array(count).fill(kind)
const probe = { probe: true } as const

test('opens after failures in a row, and not when a good answer comes between', () => {
  assert.equal(after(times(4, 'failure'))?.open, null)
  const broken = after(times(5, 'failure'))
  assert.equal(broken?.open, 'failures')
  assert.equal(broken?.until, 6000)
  assert.equal(after([...times(4, 'failure'), 'ok', ...times(4, 'failure')])?.open, null)
})

test('opens by the share of failures when they are mixed with good answers', () => {
  const mixed: Kind[] = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'failure' : 'ok'))
  assert.equal(after(mixed)?.open, 'failures')
  const rare: Kind[] = Array.from({ length: 60 }, (_, i) => (i % 4 === 0 ? 'failure' : 'ok'))
  assert.equal(after(rare)?.open, null)
})

test('opens sooner for answers that broke off, which clients see, unless they are a small share', () => {
  const answers = (count: number, cuts: number) => [...times(count - cuts, 'ok'), ...times(cuts, 'cut')]
  assert.equal(after(answers(20, 2))?.open, null)
  assert.equal(after(answers(20, 3))?.open, 'cuts')
  assert.equal(after(answers(151, 3))?.open, null, 'less than 2%')
  const rolled = after(answers(20, 2), undefined, 1000)
  assert.equal(after(['cut'], rolled, 1000 + 10_000)?.open, null, 'of another window')
})

test('stays open for longer each time that it opens again soon after it closed', () => {
  const settings = breakerSettings()
  let one = after(times(5, 'failure'), undefined, 0)
  const pauses: number[] = []
  for (let turn = 0; turn < 6; turn++) {
    const openedAt = one?.windowFrom ?? 0
    pauses.push((one?.until ?? 0) - openedAt)
    const closed = after([['ok', probe]], takeProbe(one, one?.until ?? 0, settings), one?.until)
    assert.equal(closed?.open, null)
    one = after(times(5, 'failure'), closed, (closed?.closedAt ?? 0) + 30_000)
  }
  assert.deepEqual(pauses, [5000, 10_000, 20_000, 40_000, 60_000, 60_000])
  const well = after([['ok', probe]], takeProbe(one, one?.until ?? 0, settings), one?.until)
  const later = after(times(5, 'failure'), well, (well?.closedAt ?? 0) + settings.relapse_ms)
  assert.equal((later?.until ?? 0) - (later?.windowFrom ?? 0), 5000, 'a minute of health makes up for it')
})

test('reads what a version without these counts has written', () => {
  const { cuts: _, closedAt: __, ...older } = after(['ok', 'ok']) as Breaker
  assert.equal(after(times(3, 'cut'), older as Breaker)?.open, 'cuts')
})

test('forgets the counts of an old window', () => {
  const limited = after(times(2, 'rate_limited'))
  assert.equal(after(['rate_limited'], limited, 1000 + 10_000)?.open, null)
  assert.equal(after(['rate_limited'], limited, 2000)?.open, 'rate_limited')
})

test('opens at once for a 429 that says when to come back, but never for longer than the bound', () => {
  const limited = after([['rate_limited', { retryAfterMs: 2500 }]])
  assert.equal(limited?.open, 'rate_limited')
  assert.equal(limited?.until, 3500)
  assert.equal(after([['rate_limited', { retryAfterMs: 9_999_999 }]])?.until, 61_000)
})

test('grants one probe when the time has come, and another when the first gave no result', () => {
  const broken = after(times(5, 'failure'))
  const settings = breakerSettings()
  assert.equal(takeProbe(broken, 5999, settings), undefined)
  const probing = takeProbe(broken, 6000, settings)
  assert.ok(probing)
  assert.equal(takeProbe(probing, 6001, settings), undefined)
  assert.ok(takeProbe(probing, 36_000, settings))
  assert.ok(takeProbe(after([['void', probe]], probing, 6100), 6100, settings), 'given back')
})

test('grants any number of probes to a closed breaker', () => {
  assert.ok(takeProbe(undefined, 0, breakerSettings()))
})

test('closes after a good probe', () => {
  const probing = takeProbe(after(times(5, 'failure')), 6000, breakerSettings())
  assert.equal(after([['ok', probe]], probing, 7000)?.open, null)
})

test('opens for twice as long after each failed probe, up to a bound', () => {
  let breaker = after(times(5, 'failure'))
  let now = 1000
  const pauses: number[] = []
  for (let i = 0; i < 5; i++) {
    now = breaker?.until ?? 0
    breaker = after([['failure', probe]], takeProbe(breaker, now, breakerSettings()), now)
    pauses.push((breaker?.until ?? 0) - now)
  }
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 60_000, 60_000])
})

test('is not moved by answers to requests from before it opened', () => {
  const broken = after(times(5, 'failure'))
  assert.equal(after(['ok'], broken, 7000)?.open, 'failures')
  assert.equal(after(['failure'], broken, 7000)?.until, broken?.until)
})

test('learns from the log that failures were rate limits', () => {
  const broken = after(times(5, 'failure'))
  const limited = after([['rate_limited', { retryAfterMs: 20_000 }]], broken, 2000)
  assert.equal(limited?.open, 'rate_limited')
  assert.equal(limited?.until, 22_000)
})

test('takes a slow first byte for a failure only when told to', () => {
  const settings = { ...breakerSettings(), slow_ttft_ms: 1000 }
  const slow: Step[] = Array(5).fill(['ok', { ttftMs: 100_000 }])
  assert.equal(after(slow, undefined, 1000, settings)?.open, 'failures')
  assert.equal(after(slow)?.open, null)
})

test('averages the first byte, the past fading with time', () => {
  const settings = breakerSettings()
  const ok = (ttftMs: number): Step => ['ok', { ttftMs }]
  assert.equal(after([ok(100)])?.ttftMs, 100)
  const mixed = after([ok(200)], after([ok(100)]), 1000 + settings.ttft_memory_ms)
  assert.ok(mixed?.ttftMs && Math.abs(mixed.ttftMs - (100 / Math.E + 200 * (1 - 1 / Math.E))) < 1e-9)
})

test('can be opened by hearsay', () => {
  assert.equal(opened('failures', 700, 1000).until, 1700)
})
