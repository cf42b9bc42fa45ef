import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { TokenCounter } from '../../../../../plugins/token-metering/tokens/token-counter.ts'
import { countTokens } from '../../../../../plugins/token-metering/tokens/tokenizer.ts'

/** Too big to be remembered. */
const BIG = '今天天气很好，我们去公园散步吧。'.repeat(2500)
const BIG_TOKENS = countTokens(BIG, 'o200k_base')

const counter = new TokenCounter()
after(() => counter.close())

test('counts small texts at once and exactly', async () => {
  const small = new TokenCounter({ worker: false })
  assert.deepEqual(await small.count('hello world', 'o200k_base'), { tokens: 2, exact: true })
})

test('counts big texts exactly in the worker, many at a time', async () => {
  const counts = await Promise.all(
    (['o200k_base', 'cl100k_base', 'o200k_base'] as const).map((encoding) => counter.count(BIG, encoding)),
  )
  assert.deepEqual(
    counts.map(({ tokens }) => tokens),
    [BIG_TOKENS, countTokens(BIG, 'cl100k_base'), BIG_TOKENS],
  )
  assert.ok(counts.every(({ exact }) => exact))
})

test('counts a megabyte of one letter while timers go on', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  const { tokens, exact } = await counter.count('a'.repeat(1_000_000), 'o200k_base')
  clearInterval(timer)
  assert.deepEqual({ tokens, exact }, { tokens: 125_000, exact: true })
  assert.ok(ticks > 0)
})

test('counts several texts apart from each other', async () => {
  const { tokens, exact } = await counter.countTexts([BIG, 'hel', 'lo'], 'o200k_base')
  assert.deepEqual({ tokens, exact }, { tokens: BIG_TOKENS + 2, exact: true })
})

test('counts of a conversation only what is new, however long it is', async () => {
  // Nobody waits for a worker here, so that whatever needs one is estimated.
  const noWorker = new TokenCounter({ worker: false })
  const turns = Array.from({ length: 12 }, (_, i) => `${i}. ${'Wie war das Wetter in 北京? '.repeat(300)}`)
  const truth = (texts: readonly string[]) =>
    texts.reduce((sum, text) => sum + countTokens(text, 'o200k_base'), 0)
  for (let length = 1; length <= turns.length; length++) {
    const said = turns.slice(0, length)
    assert.deepEqual(noWorker.countTexts(said, 'o200k_base'), { tokens: truth(said), exact: true })
  }
  const fresh = new TokenCounter({ worker: false })
  assert.equal((await fresh.countTexts(turns, 'o200k_base')).exact, false)
  assert.equal((await noWorker.countTexts(turns, 'cl100k_base')).exact, false)
})

test('remembers what the worker has counted', async () => {
  const texts = Array.from({ length: 20 }, (_, i) => `${i} ${BIG.slice(0, 3000)}`)
  const first = await counter.countTexts(texts, 'cl100k_base')
  assert.equal(first.exact, true)
  assert.deepEqual(counter.countTexts([...texts].reverse(), 'cl100k_base'), first)
})

test('gives the count of a small text at once and never asks for the signal', () => {
  const waiting = {
    get signal(): AbortSignal {
      throw new Error('nobody waits')
    },
  }
  assert.deepEqual(counter.count('hello world', 'o200k_base', waiting), { tokens: 2, exact: true })
})

test('estimates without a worker, past the size for the worker and with a full queue', async () => {
  const noWorker = new TokenCounter({ worker: false })
  const smallWorker = new TokenCounter({ maxWorkerBytes: 50_000 })
  const noQueue = new TokenCounter({ maxQueued: 0 })
  for (const limited of [noWorker, smallWorker, noQueue]) {
    const { tokens, exact } = await limited.count(BIG, 'o200k_base')
    assert.equal(exact, false)
    assert.ok(Math.abs(tokens - BIG_TOKENS) / BIG_TOKENS < 0.03)
  }
})

test('rejects with the reason of the signal, before and while it waits, and goes on with the rest', async () => {
  const reason = new Error('deadline')
  await assert.rejects(
    async () => counter.count(BIG, 'o200k_base', { signal: AbortSignal.abort(reason) }),
    reason,
  )
  const controller = new AbortController()
  const running = counter.count(BIG, 'o200k_base')
  const queued = counter.count(BIG, 'o200k_base', controller)
  controller.abort(reason)
  await assert.rejects(async () => queued, reason)
  assert.equal((await running).exact, true)
})

test('gives estimates to those who wait when it is closed', async () => {
  const closing = new TokenCounter()
  const waiting = [closing.count(BIG, 'o200k_base'), closing.count(BIG, 'o200k_base')]
  await closing.close()
  for (const { exact } of await Promise.all(waiting)) assert.equal(exact, false)
  assert.equal((await closing.count(BIG, 'o200k_base')).exact, false)
})

test('estimates when the worker crashes or cannot start, and gives up on it after three times', async () => {
  for (const [starts, startWorker] of [
    [3, () => new Worker('throw new Error("broken")', { eval: true })],
    [
      3,
      () => {
        throw new Error('no threads left')
      },
    ],
  ] as const) {
    const errors: unknown[] = []
    const broken = new TokenCounter({ startWorker, onWorkerError: (error) => errors.push(error) })
    const counts = await Promise.all(Array.from({ length: 5 }, () => broken.count(BIG, 'o200k_base')))
    for (const { tokens, exact } of counts) {
      assert.equal(exact, false)
      assert.ok(Math.abs(tokens - BIG_TOKENS) / BIG_TOKENS < 0.03)
    }
    assert.equal(errors.length, starts)
    await broken.count(BIG, 'o200k_base')
    assert.equal(errors.length, starts)
  }
})
