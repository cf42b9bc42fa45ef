import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckError, type CheckVerdict } from '../../../../../plugins/prompt-guard/checks/check.ts'
import {
  GuardedCheck,
  type GuardOptions,
  pieces,
} from '../../../../../plugins/prompt-guard/checks/guarded-check.ts'
import { turnsOf } from '../../../../support/turns.ts'

const options: GuardOptions = {
  timeoutMs: 10_000,
  maxCalls: 10,
  concurrency: 2,
  maxWaiting: 3,
  cacheEntries: 3,
  cacheTtlMs: 100,
  failures: 100,
  openMs: 100,
  now: () => 0,
}
const clean: CheckVerdict = { violation: false, label: 'none', score: 0 }
const report = { called: () => {}, failed: () => {}, cached: () => {} }
const never = new AbortController().signal

function checkWith(ask: (text: string) => Promise<CheckVerdict>, own: Partial<GuardOptions> = {}) {
  return new GuardedCheck('c', { maxChars: 500, ask }, { ...options, ...own }, report)
}

test('a long text goes in pieces that overlap and cut no surrogate pair', () => {
  const text = '🙂'.repeat(700)
  const parts = [...pieces(text, 501)]
  assert.ok(parts.length > 2)
  for (const part of parts) {
    assert.ok(part.length <= 501)
    assert.doesNotThrow(() => encodeURIComponent(part))
  }
  assert.deepEqual([...pieces('  ', 500)], [])
  assert.deepEqual([...pieces('short', 500)], ['short'])
})

test('no more calls at once than allowed; too many that wait are refused', async () => {
  let running = 0
  let most = 0
  const check = checkWith(async () => {
    running++
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return clean
  })
  await check.check(['a', 'b', 'c', 'd', 'e'], never)
  assert.equal(most, 2)
  await assert.rejects(check.check(['1', '2', '3', '4', '5', '6'], never), { code: 'busy' })
})

test('the cache is bounded and forgets with time; failures are not kept', async () => {
  let now = 0
  const asked: string[] = []
  const check = checkWith(
    async (text) => {
      asked.push(text)
      if (text === 'bad') throw new CheckError('status', 'status 500')
      return clean
    },
    { now: () => now },
  )
  for (const text of ['a', 'b', 'c', 'd', 'd']) await check.check([text], never)
  await check.check(['a'], never)
  assert.deepEqual(asked.splice(0), ['a', 'b', 'c', 'd', 'a'])
  now = 100
  await check.check(['d'], never)
  for (let i = 0; i < 2; i++) await assert.rejects(check.check(['bad'], never))
  assert.deepEqual(asked, ['d', 'bad', 'bad'])
})

test('looks thousands of texts up in turns, each text once, and asks no more than it may', async () => {
  const asked: string[] = []
  const check = checkWith(
    async (text) => {
      asked.push(text)
      return clean
    },
    { maxCalls: 3 },
  )
  const { turns } = await turnsOf(() => check.check(Array<string>(10_000).fill('a'), never))
  assert.ok(turns >= 40, `${turns} turns`)
  assert.deepEqual(asked, ['a'])
  const many = Array.from({ length: 10_000 }, (_, index) => `text ${index}`)
  await assert.rejects(check.check(many, never), { code: 'too_long' })
  assert.deepEqual(asked, ['a'])
})

test('a violation counts even when another text could not be checked', async () => {
  const check = checkWith(async (text) => {
    if (text === 'down') throw new CheckError('network', 'away')
    return { violation: true, label: 'x', score: 1 }
  })
  assert.equal((await check.check(['down', 'vile'], never)).violation, true)
})

test('a service that ignores the signal is left behind at the deadline', async (t) => {
  // The timer of AbortSignal.timeout does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  t.after(() => clearInterval(alive))
  const check = checkWith(() => new Promise(() => {}), { timeoutMs: 20 })
  await assert.rejects(check.check(['a'], never), { code: 'timeout' })
})
