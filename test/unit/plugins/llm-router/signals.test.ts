import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteAttempt, RouteNote } from '../../../../plugins/llm-router/note.ts'
import { afterAnswer, afterDecision } from '../../../../plugins/llm-router/signals.ts'
import type { InFlightChange, Signal } from '../../../../plugins/llm-router/state/port.ts'
import type { CallOutcome, Observation, UsageEvent } from '../../../../runner/plugin.ts'
import { observationOf, requestOf, statuses } from './support.ts'

const openai: RouteAttempt = { provider: 'openai', model: 'gpt-4', breaker: 'openai|gpt-4' }
const qwen: RouteAttempt = { provider: 'dashscope', model: 'qwen-max', breaker: 'dashscope|qwen-max' }
const memory = { rule: 'r', consumer: null, restore: {} }
const forwarded: CallOutcome = { kind: 'forwarded' }

function noteOf(attempts: RouteAttempt[], exhausted = false): RouteNote {
  return {
    requested_model: 'gpt-4',
    attempts,
    tier: 'basic',
    fallback_reason: null,
    memory: { ...memory, ...(exhausted && { exhausted }) },
  }
}

function recorder() {
  const seen: string[] = []
  return {
    seen,
    signal: ({ breaker, kind, probe, ttftMs, retryAfterMs }: Signal) => {
      const parts = [
        breaker,
        kind,
        probe && 'probe',
        ttftMs && `${ttftMs}ms`,
        retryAfterMs && `in ${retryAfterMs}`,
      ]
      seen.push(parts.filter(Boolean).join(' '))
    },
    change: ({ provider, change }: InFlightChange) => seen.push(`${provider} ${change}`),
  }
}

function decided(note: RouteNote | undefined, isFailover = false, outcome = forwarded): string[] {
  const sinks = recorder()
  afterDecision(requestOf(note ? { note } : {}), isFailover, outcome, sinks)
  return sinks.seen
}

function answered(event: Partial<UsageEvent>, note: RouteNote, more: Partial<Observation> = {}): string[] {
  const sinks = recorder()
  afterAnswer({ ...observationOf(event, note), ...more }, sinks)
  return sinks.seen.filter((line) => !/ end$/.test(line))
}

test('a forwarded request is in flight', () => {
  assert.deepEqual(decided(noteOf([openai])), ['openai begin'])
})

test('a request that a later plugin stops is not, and gives its probe back', () => {
  const stopped: CallOutcome = { kind: 'stopped', by: 'token-metering', outcome: 'refused' }
  assert.deepEqual(decided(noteOf([openai]), false, stopped), [])
  const probing = noteOf([{ ...openai, probe: true }])
  assert.deepEqual(decided(probing, false, stopped), ['openai|gpt-4 void probe'])
  assert.deepEqual(decided(probing, false, { kind: 'failed' }), ['openai|gpt-4 void probe'])
})

test('a later pass means that the target before has failed', () => {
  assert.deepEqual(decided(noteOf([openai, qwen]), true), [
    'openai end',
    'openai|gpt-4 failure',
    'dashscope begin',
  ])
  const stop: CallOutcome = { kind: 'stopped', by: 'llm-router', outcome: 'refused' }
  assert.deepEqual(decided(noteOf([openai], true), true, stop), ['openai end', 'openai|gpt-4 failure'])
})

test('a later pass that was told of a 429 reports it as such, once, with the pause', () => {
  const limited = { ...openai, failed: { status: 429, retry_after_ms: 7000 } }
  assert.deepEqual(decided(noteOf([limited, qwen]), true), [
    'openai end',
    'openai|gpt-4 rate_limited in 7000',
    'dashscope begin',
  ])
  const failed = { ...openai, failed: { status: 503 } }
  assert.deepEqual(decided(noteOf([failed, qwen]), true)[1], 'openai|gpt-4 failure')
  const event = { attempts: statuses(429, 200), ttft_ms: 5 }
  assert.deepEqual(answered(event, noteOf([limited, qwen])), ['dashscope|qwen-max ok 5ms'])
})

test('a request that the router did not route leaves nothing', () => {
  assert.deepEqual(decided(undefined), [])
})

test('an answer ends the request at every provider it went to', () => {
  const sinks = recorder()
  afterAnswer(observationOf({ attempts: statuses(503, 200) }, noteOf([openai, qwen, openai])), sinks)
  assert.deepEqual(
    sinks.seen.filter((line) => line.endsWith(' end')),
    ['openai end', 'dashscope end'],
  )
})

test('a good answer brings its time to the first byte', () => {
  assert.deepEqual(answered({ attempts: statuses(200), ttft_ms: 321 }, noteOf([openai])), [
    'openai|gpt-4 ok 321ms',
  ])
})

test('5xx and 408 are failures, an answer that broke off is a cut; another 4xx is neither', () => {
  const note = noteOf([openai])
  assert.deepEqual(answered({ attempts: statuses(500) }, note), ['openai|gpt-4 failure'])
  assert.deepEqual(answered({ attempts: statuses(504) }, note), ['openai|gpt-4 failure'])
  assert.deepEqual(answered({ attempts: statuses(408) }, note), ['openai|gpt-4 failure'])
  assert.deepEqual(answered({ attempts: statuses(200), outcome: 'upstream_cut' }, note), ['openai|gpt-4 cut'])
  assert.deepEqual(answered({ attempts: statuses(400), ttft_ms: 9 }, note), ['openai|gpt-4 ok'])
})

test('a 429 is a rate limit, with the pause that the provider names', () => {
  const note = noteOf([openai])
  assert.deepEqual(answered({ attempts: statuses(429) }, note), ['openai|gpt-4 rate_limited'])
  const message = 'Rate limit reached for gpt-4. Please try again in 1.2s. Visit ...'
  const answer = { error: { message } } as Observation['answer']
  assert.deepEqual(answered({ attempts: statuses(429) }, note, { answer }), [
    'openai|gpt-4 rate_limited in 1200',
  ])
  assert.deepEqual(answered({ attempts: statuses(429) }, note, { retryAfter: '30' }), [
    'openai|gpt-4 rate_limited in 30000',
  ])
  assert.deepEqual(answered({ attempts: statuses(429) }, note, { answer, retryAfter: '30' }), [
    'openai|gpt-4 rate_limited in 1200',
  ])
})

test('only the answering attempt is judged; of an earlier one only that it was a rate limit', () => {
  const note = noteOf([openai, qwen])
  const ok = 'dashscope|qwen-max ok 5ms'
  assert.deepEqual(answered({ attempts: statuses(503, 200), ttft_ms: 5 }, note), [ok])
  assert.deepEqual(answered({ attempts: statuses(429, 200), ttft_ms: 5 }, note), [
    'openai|gpt-4 rate_limited',
    ok,
  ])
})

test('after an exhausted chain nothing is judged twice', () => {
  assert.deepEqual(answered({ attempts: statuses(503), status: 503 }, noteOf([openai], true)), [])
})

test('a probe whose answer nobody saw is given back', () => {
  const note = noteOf([{ ...openai, probe: true }])
  const event = { attempts: statuses(null), outcome: 'client_disconnected' as const }
  assert.deepEqual(answered(event, note), ['openai|gpt-4 void probe'])
  assert.deepEqual(answered(event, noteOf([openai])), [])
})

test('an event of a refused request says nothing', () => {
  assert.deepEqual(answered({ outcome: 'refused', attempts: [] }, noteOf([openai])), [])
})

test('a request that APISIX refused after the runner is in flight no more and gives its probe back', () => {
  const sinks = recorder()
  const event = { outcome: 'refused', refused_by: 'apisix', attempts: [] } as const
  afterAnswer(observationOf(event, noteOf([{ ...openai, probe: true }])), sinks)
  assert.deepEqual(sinks.seen, ['openai end', 'openai|gpt-4 void probe'])
})
