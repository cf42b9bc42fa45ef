import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BreakerEmbedder } from '../../../../../plugins/semantic-cache/embed/breaker.ts'
import { EmbedError, type EmbedErrorCode } from '../../../../../plugins/semantic-cache/embed/embedder.ts'

const signal = new AbortController().signal

function rig() {
  const state = { now: 0, calls: 0, fail: undefined as EmbedErrorCode | undefined }
  const inner = {
    identity: 'fake-2',
    dimensions: 2,
    async embed(texts: readonly string[]) {
      state.calls++
      if (state.fail !== undefined) throw new EmbedError(state.fail, 'no')
      return texts.map(() => Float32Array.of(1, 0))
    },
  }
  const options = { failures: 3, cooldownMs: 100, maxCooldownMs: 300, now: () => state.now }
  const breaker = new BreakerEmbedder(inner, options)
  const fails = (code: string) =>
    assert.rejects(breaker.embed(['x'], signal), (error: unknown) => {
      assert.ok(error instanceof EmbedError)
      assert.equal(error.code, code)
      return true
    })
  return { state, breaker, fails }
}

test('stops asking after failures in a row', async () => {
  const { state, breaker, fails } = rig()
  state.fail = 'EMBED_TIMEOUT'
  for (let i = 0; i < 3; i++) await fails('EMBED_TIMEOUT')
  await fails('EMBED_OPEN')
  assert.equal(state.calls, 3)
  assert.equal(breaker.state, 'open')
})

test('a success in between starts the count anew', async () => {
  const { state, breaker, fails } = rig()
  state.fail = 'EMBED_NETWORK'
  await fails('EMBED_NETWORK')
  await fails('EMBED_NETWORK')
  state.fail = undefined
  await breaker.embed(['x'], signal)
  state.fail = 'EMBED_NETWORK'
  await fails('EMBED_NETWORK')
  await fails('EMBED_NETWORK')
  assert.equal(breaker.state, 'closed')
})

test('lets one probe through after the pause, and a good one closes the circuit', async () => {
  const { state, breaker, fails } = rig()
  state.fail = 'EMBED_STATUS'
  for (let i = 0; i < 3; i++) await fails('EMBED_STATUS')
  state.now = 100
  state.fail = undefined
  const probe = breaker.embed(['x'], signal)
  await fails('EMBED_OPEN')
  await probe
  assert.equal(breaker.state, 'closed')
})

test('each failed probe doubles the pause up to the maximum', async () => {
  const { state, fails } = rig()
  state.fail = 'EMBED_TIMEOUT'
  for (let i = 0; i < 3; i++) await fails('EMBED_TIMEOUT')
  for (const pause of [100, 200, 300, 300]) {
    state.now += pause - 1
    await fails('EMBED_OPEN')
    state.now += 1
    await fails('EMBED_TIMEOUT')
  }
})

test('callers that left do not open the circuit', async () => {
  const { state, breaker, fails } = rig()
  state.fail = 'EMBED_ABORTED'
  for (let i = 0; i < 10; i++) await fails('EMBED_ABORTED')
  assert.equal(breaker.state, 'closed')
})
