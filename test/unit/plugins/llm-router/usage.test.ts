import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteNote } from '../../../../plugins/llm-router/note.ts'
import { usageFields } from '../../../../plugins/llm-router/usage.ts'
import { observationOf, statuses } from './support.ts'

const memory = { rule: 'r', consumer: null, restore: {} }
const one: RouteNote = {
  requested_model: 'gpt-4',
  attempts: [{ provider: 'openai', model: 'gpt-4' }],
  tier: 'premium',
  fallback_reason: null,
  memory,
}
const two: RouteNote = {
  ...one,
  attempts: [...one.attempts, { provider: 'dashscope', model: 'qwen-max' }],
  fallback_reason: 'primary_unavailable',
}

test('says who answered, what was asked and for which tier', () => {
  const fields = usageFields(observationOf({ attempts: statuses(200) }, one))
  assert.deepEqual(fields, {
    requested_model: 'gpt-4',
    tier: 'premium',
    provider: 'openai',
    model: 'gpt-4',
    attempts: [{ provider: 'openai', model: 'gpt-4', status: 200 }],
    fallback: false,
    fallback_reason: null,
  })
})

test('joins the statuses of the log with the attempts of the note', () => {
  const fields = usageFields(observationOf({ attempts: statuses(503, 200) }, two))
  assert.equal(fields.provider, 'dashscope')
  assert.equal(fields.fallback, true)
  assert.equal(fields.fallback_reason, 'primary_unavailable')
  assert.deepEqual(fields.attempts, [
    { provider: 'openai', model: 'gpt-4', status: 503 },
    { provider: 'dashscope', model: 'qwen-max', status: 200 },
  ])
})

test('calls a fallback after a 429 rate limited', () => {
  const fields = usageFields(observationOf({ attempts: statuses(429, 200) }, two))
  assert.equal(fields.fallback_reason, 'rate_limited')
})

test('gives the only status to whoever answered when nginx skipped the first node', () => {
  const fields = usageFields(observationOf({ attempts: statuses(200) }, two))
  assert.deepEqual(
    fields.attempts?.map(({ status }) => status),
    [null, 200],
  )
})

test('leaves the status of an inner hop open when the outer log has fewer', () => {
  const three = { ...two, attempts: [...two.attempts, { provider: 'ollama', model: 'x' }] }
  const fields = usageFields(observationOf({ attempts: statuses(503, 200) }, three))
  assert.deepEqual(
    fields.attempts?.map(({ status }) => status),
    [503, null, 200],
  )
})

test('does not count the 503 of the gateway itself as an attempt', () => {
  const exhausted = { ...one, memory: { ...memory, exhausted: true as const } }
  const event = { attempts: statuses(500, 503), outcome: 'upstream_error' as const, status: 503 }
  assert.deepEqual(usageFields(observationOf(event, exhausted)).attempts, [
    { provider: 'openai', model: 'gpt-4', status: 500 },
  ])
})

test('counts the tries of one provider with several nodes', () => {
  const fields = usageFields(observationOf({ attempts: statuses(502, 200) }, one))
  assert.deepEqual(
    fields.attempts?.map(({ provider, status }) => [provider, status]),
    [
      ['openai', 502],
      ['openai', 200],
    ],
  )
})

test('names no provider for a request that a later plugin stopped', () => {
  const fields = usageFields(observationOf({ outcome: 'refused', status: 429 }, one))
  assert.deepEqual(fields, {
    requested_model: 'gpt-4',
    tier: 'premium',
    attempts: [],
    fallback: false,
    fallback_reason: null,
  })
})

test('says nothing of requests that it did not see', () => {
  assert.deepEqual(usageFields(observationOf({})), {})
})
