import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheStore } from '../../../../../plugins/semantic-cache/store/cache-store.ts'
import { GuardedCacheStore } from '../../../../../plugins/semantic-cache/store/guarded-cache-store.ts'

function rig(readMs = 5000) {
  const state = { now: 0, calls: 0, answer: async (): Promise<undefined> => undefined }
  const inner = {
    get: () => {
      state.calls++
      return state.answer()
    },
  } as unknown as CacheStore
  const reports: string[] = []
  const store = new GuardedCacheStore(inner, {
    ...{ readMs, writeMs: 5000, failures: 3, pauseMs: 100, maxPauseMs: 300, now: () => state.now },
    report: (operation, failure) => reports.push(`${operation} ${failure}`),
  })
  const ask = () => store.get('s', 'k')
  const fails = () => assert.rejects(ask(), { code: 'STORE_UNAVAILABLE' })
  return { state, reports, ask, fails }
}
const broken = () => Promise.reject(new Error('gone'))
const fine = async () => undefined

test('a store that hangs is unavailable after the deadline', async () => {
  const { state, fails, reports } = rig(20)
  let late: () => void = () => {}
  state.answer = () =>
    new Promise((resolve) => {
      late = () => resolve(undefined)
    })
  await fails()
  late()
  assert.deepEqual(reports, ['get late'])
})

test('leaves a failing store alone, then tries with one call, ever more rarely', async () => {
  const { state, fails, ask, reports } = rig()
  state.answer = broken
  for (let i = 0; i < 3; i++) await fails()
  await fails()
  assert.equal(state.calls, 3)
  assert.equal(reports.at(-1), 'get resting')
  state.now = 100
  await Promise.all([fails(), fails(), fails()])
  assert.equal(state.calls, 4)
  state.now = 299
  await fails()
  assert.equal(state.calls, 4)
  state.now = 300
  state.answer = fine
  await ask()
  await ask()
  assert.equal(state.calls, 6)
})

test('a success in between starts the count anew', async () => {
  const { state, fails, ask } = rig()
  for (let round = 0; round < 3; round++) {
    state.answer = broken
    await fails()
    await fails()
    state.answer = fine
    await ask()
  }
  assert.equal(state.calls, 9)
})

test('answers of calls from before the pause do not end it', async () => {
  const { state, fails, ask } = rig()
  let settle: () => void = () => {}
  state.answer = () =>
    new Promise((resolve) => {
      settle = () => resolve(undefined)
    })
  const slow = ask()
  state.answer = broken
  for (let i = 0; i < 3; i++) await fails()
  settle()
  await slow
  await fails()
  assert.equal(state.calls, 4)
})
