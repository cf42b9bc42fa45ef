import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunnerError } from '../../../runner/errors.ts'
import type { Call, CallOutcome, Decision, RequestView } from '../../../runner/plugin.ts'
import { LazySignal } from '../../../runner/rpc/call-signal.ts'
import { type Chain, type ChainResult, runChain, type Step } from '../../../runner/rpc/chain.ts'
import { toStopAction } from '../../../runner/rpc/refuse.ts'
import { PatchedRequest } from '../../../runner/rpc/request-view.ts'

const request = PatchedRequest.of({
  id: 'id',
  receivedAt: 1,
  routeId: 'r',
  call: {
    kind: 'http-req-call',
    id: 1,
    srcIp: Buffer.alloc(4),
    method: 'POST',
    path: '/v1/chat/completions',
    args: [],
    headers: [],
    confToken: 1,
  },
})

interface Scene {
  readonly finished: [string, CallOutcome][]
  readonly failures: [string, string, boolean][]
  readonly signal: LazySignal
  run(...steps: Step[]): Promise<ChainResult>
}

function scene(): Scene {
  const finished: Scene['finished'] = []
  const failures: Scene['failures'] = []
  const signal = new LazySignal()
  return {
    finished,
    failures,
    signal,
    run: async (...steps) => {
      const watched = steps.map((step) => ({
        ...step,
        finish: (view: RequestView, outcome: CallOutcome) => {
          finished.push([step.plugin, outcome])
          step.finish(view, outcome)
        },
      }))
      const chain: Chain = {
        routeId: 'r',
        steps: watched,
        needs: { body: 'none', vars: [] },
        continuesRequest: false,
        refusal: undefined,
      }
      return runChain(chain, request, signal, {
        step: () => {},
        failure: (plugin, _, error, allowed) => failures.push([plugin, error.code, allowed]),
      })
    },
  }
}

function step(
  plugin: string,
  decide: (request: RequestView, call: Call) => unknown,
  more: Partial<Step> = {},
): Step {
  return {
    plugin,
    onFailure: 'deny',
    deadlineMs: 1000,
    decide: decide as Step['decide'],
    finish: () => {},
    ...more,
  }
}
const pass = (): Decision => ({ kind: 'pass' })

test('tells every plugin that ran how the call ended, and none that did not', async () => {
  const { run, finished } = scene()
  await run(
    step('a', pass),
    step('b', () => ({ kind: 'stop', status: 200, body: 'x', outcome: 'served' })),
    step('c', pass),
  )
  const outcome = { kind: 'stopped', by: 'b', outcome: 'served' }
  assert.deepEqual(finished, [
    ['a', outcome],
    ['b', outcome],
  ])
})

test('a plugin that is late is refused or passed over, as it declared, and its signal aborts', async () => {
  for (const onFailure of ['deny', 'allow'] as const) {
    const { run, failures } = scene()
    let aborted: AbortSignal | undefined
    const result = await run(
      step(
        'slow',
        (_, { signal }) => {
          aborted = signal
          return sleep(5000, undefined, { ref: false }).then(pass)
        },
        { deadlineMs: 5, onFailure },
      ),
      step('next', () => ({ kind: 'stop', status: 299, body: 'reached' })),
    )
    assert.equal(result.kind === 'stop' && result.stop.status, onFailure === 'deny' ? 503 : 299)
    assert.deepEqual(failures, [['slow', 'DEADLINE_EXCEEDED', onFailure === 'allow']])
    assert.equal(aborted?.aborted, true)
  }
})

test('a peer that is gone ends the call also for a plugin that may be missed', async () => {
  const { run, failures, signal } = scene()
  const running = run(
    step('a', () => sleep(5000, undefined, { ref: false }).then(pass), { onFailure: 'allow' }),
    step('b', pass),
  )
  signal.abort(new RunnerError('PEER_GONE', 'gone'))
  const result = await running
  assert.equal(result.kind, 'stop')
  assert.deepEqual(failures, [['a', 'PEER_GONE', false]])
})

test('what is no decision is the failure of its plugin', async () => {
  for (const wrong of [undefined, null, {}, { kind: 'maybe' }, { kind: 'rewrite' }, 'pass']) {
    for (const wrap of [(value: unknown) => value, (value: unknown) => Promise.resolve(value)]) {
      const { run, failures } = scene()
      const result = await run(step('odd', () => wrap(wrong)))
      assert.equal(result.kind === 'stop' && result.stop.status, 503)
      assert.deepEqual(failures, [['odd', 'PLUGIN_FAILED', false]])
    }
  }
})

test('a finish that throws changes nothing that was decided', async () => {
  const { run, failures, finished } = scene()
  const broken = () => {
    throw new Error('no')
  }
  const result = await run(step('a', pass, { finish: broken }), step('b', pass))
  assert.equal(result.kind, 'forward')
  assert.equal(finished.length, 2)
  assert.deepEqual(failures, [['a', 'PLUGIN_FAILED', true]])
})

test('a signal that is asked for late is aborted already, and listeners hear of it once', () => {
  const signal = new LazySignal()
  const heard: string[] = []
  signal.onAbort(({ code }) => heard.push(code))
  signal.onAbort(() => heard.push('never'))()
  signal.abort(new RunnerError('PEER_GONE', 'gone'))
  signal.abort(new RunnerError('DEADLINE_EXCEEDED', 'late'))
  signal.onAbort(({ code }) => heard.push(`late ${code}`))
  assert.deepEqual(heard, ['PEER_GONE', 'late PEER_GONE'])
  assert.equal(signal.signal.aborted, true)
  assert.equal(signal.signal.reason.code, 'PEER_GONE')
})

test('a stop has a body and a content type, and its own headers win over those set before', () => {
  const before = request.patched({ respHeaders: { 'x-a': '1', 'x-b': '1' } })
  const action = toStopAction(
    { kind: 'stop', status: 429, headers: { 'X-A': '2', 'Content-Type': 'text/plain' }, body: '' },
    before,
  )
  assert.deepEqual(
    action.headers.map(({ name, value }) => `${name}: ${value}`),
    ['x-request-id: id', 'x-b: 1', 'X-A: 2', 'Content-Type: text/plain'],
  )
  assert.equal(Buffer.from(action.body).toString(), '{}')
})
