import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, withoutHealthChecks, withoutPlugins } from '../support/stack-conf.ts'
import { chat, clearLedgers, eventually, post, question, readAll } from '../support/talk.ts'

/**
 * Processes that die under load: what clients see meanwhile, and that provider ledger and usage counters agree
 * afterwards. The journal in data_dir is what the counters come back from.
 */
const withoutLimits = (resource: Parameters<typeof withoutPlugins>[0]) =>
  withoutPlugins(resource, ['limit-req'])
const resources = inTurn(logAtOnce, withoutHealthChecks, withoutLimits)
const CONSUMER: Consumer = 'internal'
const CLIENTS = 8

interface Tally {
  readonly statuses: Map<number, number>
  broken: number
}

/** Clients in a loop, streams and JSON in turn, until told to stop. */
function load(stack: Stack) {
  let running = true
  const tally: Tally = { statuses: new Map(), broken: 0 }
  const one = async (client: number) => {
    for (let turn = 0; running; turn++) {
      const body = { model: 'gpt-4o', stream: (client + turn) % 2 === 0, messages: question() }
      const response = await post(stack, '/v1/chat/completions', body, {
        apikey: stack.keyOf(CONSUMER),
        'cache-control': 'no-store',
      })
      const { raw, broken } = await readAll(response)
      tally.statuses.set(response.status, (tally.statuses.get(response.status) ?? 0) + 1)
      if (broken) tally.broken++
      else if (response.status === 200) assert.ok(raw.includes('scripted') || raw.includes('[DONE]'))
      // While nobody answers there is no sense in asking as fast as possible.
      await sleep(response.status === 200 ? 5 : 50)
    }
  }
  const done = Promise.all(Array.from({ length: CLIENTS }, (_, client) => one(client)))
  const count = (status: number) => tally.statuses.get(status) ?? 0
  const answered = (more: number) => {
    const from = count(200)
    return eventually(() => (count(200) >= from + more ? true : undefined), `${more} more answers`, 30_000)
  }
  return {
    tally,
    count,
    answered,
    stop: async () => {
      running = false
      await done
    },
  }
}

/** Nothing twice, nothing lost: what the provider billed is what we count. */
async function assertBooksAgree(stack: Stack, requestsBefore: number, tokensBefore: number): Promise<void> {
  const { openai } = stack.providers
  await openai.ledger.settled()
  const usage = await stack.settledUsage(CONSUMER)
  assert.equal(usage.total_t - tokensBefore, openai.ledger.totals.totalTokens)
  assert.ok(usage.requests - requestsBefore >= openai.ledger.totals.calls)
}

let single: Stack
before(async () => {
  single = await startStack({ resources })
})
after(() => single?.close())
beforeEach(() => clearLedgers(single))

test('SIGKILL of the runner under load: 503 meanwhile, service on the same socket afterwards, the books agree', async () => {
  const before = await single.settledUsage(CONSUMER)
  const traffic = load(single)
  await traffic.answered(60)
  await single.runner.kill()
  await eventually(() => (traffic.count(503) >= 5 ? true : undefined), 'refusals')
  await single.runner.start()
  await traffic.answered(60)
  await traffic.stop()
  assert.deepEqual([...traffic.tally.statuses.keys()].sort(), [200, 503])
  assert.equal(traffic.tally.broken, 0)
  await assertBooksAgree(single, before.requests, before.total_t)
})

test('killed and restarted three times, the runner still counts every answer once', async () => {
  const before = await single.settledUsage(CONSUMER)
  const traffic = load(single)
  for (let i = 0; i < 3; i++) {
    await traffic.answered(25)
    await single.runner.kill()
    await single.runner.start()
  }
  await traffic.answered(25)
  await traffic.stop()
  await assertBooksAgree(single, before.requests, before.total_t)
  assert.ok(before.total_t > 0, 'the counters of the test before came back from the journal')
})

test('a stream under way outlives its runner, and is billed when there is a runner again', async () => {
  const before = await single.settledUsage(CONSUMER)
  const headers = { 'x-scripted': JSON.stringify({ chunk_delay_ms: 100, chunks: 10 }) }
  const stream = chat(single, { consumer: CONSUMER, model: 'gpt-4o', stream: true, headers })
  await eventually(
    () => (single.providers.openai.ledger.last?.chunksSent ? true : undefined),
    'the first chunk',
  )
  await single.runner.kill()
  const seen = await stream
  assert.deepEqual([seen.status, seen.broken, seen.finish], [200, false, 'stop'])
  // The log entry of the answer waits at APISIX and is sent again each second.
  await sleep(1500)
  await single.runner.start()
  await assertBooksAgree(single, before.requests, before.total_t)
})

test('clients that leave in mid-stream while the runner dies leave nothing behind: later answers are counted', async () => {
  const left = new AbortController()
  const messages = question()
  const body = { model: 'gpt-4o', stream: true, messages }
  const headers = {
    apikey: single.keyOf(CONSUMER),
    'x-scripted': JSON.stringify({ chunk_delay_ms: 100, chunks: 50 }),
  }
  const response = await post(single, '/v1/chat/completions', body, headers, left.signal)
  await eventually(
    () => ((single.providers.openai.ledger.last?.chunksSent ?? 0) > 2 ? true : undefined),
    'chunks',
  )
  await single.runner.kill()
  left.abort()
  await readAll(response)
  await single.providers.openai.ledger.settled()
  assert.equal(single.providers.openai.ledger.last?.outcome, 'client_gone')
  await single.runner.start()
  const before = await single.settledUsage(CONSUMER)
  clearLedgers(single)
  const seen = await chat(single, { consumer: CONSUMER, model: 'gpt-4o' })
  assert.equal(seen.status, 200)
  await assertBooksAgree(single, before.requests, before.total_t)
})

test('SIGKILL of one of two workers under load: few 503, a new worker, the books agree', async () => {
  // One stack at a time: a real APISIX has one socket and one set of resources.
  await single.close()
  const pair = await startStack({ resources, workers: 2 })
  single = pair
  const traffic = load(pair)
  await traffic.answered(60)
  for (let i = 0; i < 2; i++) {
    const [victim] = await eventually(() => {
      const pids = childrenOf(pair.runner.pid)
      return pids.length >= 2 ? pids : undefined
    }, 'two workers')
    process.kill(victim as number, 'SIGKILL')
    await traffic.answered(60)
    await eventually(() => {
      const pids = childrenOf(pair.runner.pid)
      return pids.length >= 2 && !pids.includes(victim as number) ? true : undefined
    }, 'a new worker')
  }
  await traffic.stop()
  assert.deepEqual(
    [...traffic.tally.statuses.keys()].filter((status) => status !== 200 && status !== 503),
    [],
  )
  // A call that was in the worker's hands is lost, one per open connection at most; nothing else.
  assert.ok(traffic.count(503) <= 2 * CLIENTS, `${traffic.count(503)} refusals`)
  assert.equal(traffic.tally.broken, 0)
  await assertBooksAgree(pair, 0, 0)
})

function childrenOf(pid: number): number[] {
  const listed = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat=']).toString().trim().split('\n')
  return listed
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([child]) => Number(child))
}
