import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { RequestRecord } from '../../../runner/records/index.ts'
import { digestPost } from '../../../runner/usage/digest.ts'
import { type UsageEvent, UsageEventSchema } from '../../../runner/usage/event.ts'
import type { ReadObservation } from '../../../runner/usage/read-observation.ts'
import { toObservation } from '../../../runner/usage/to-observation.ts'
import { compileValidator } from '../../../runner/validate.ts'

const NOW = 1_700_000_000_123
const isEvent = compileValidator(UsageEventSchema)

function observe(entry: unknown, record?: RequestRecord): ReadObservation {
  const text = typeof entry === 'string' ? entry : JSON.stringify(entry)
  const { entries, rejected } = digestPost(Buffer.from(text))
  assert.deepEqual(rejected, [])
  const [digested] = entries
  assert.ok(digested && entries.length === 1)
  return toObservation(digested, record, NOW)
}

const base = {
  request_id: 'id-1',
  status: 200,
  upstream_status: '200',
  request_completion: 'OK',
  uri: '/v1/chat/completions',
}
const answer = (
  content: string,
  usage: object = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
) =>
  JSON.stringify({
    object: 'chat.completion',
    model: 'gpt-4-0613',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  })
const record: RequestRecord = {
  routeId: 'r1',
  consumer: 'c1',
  receivedAt: NOW - 10,
  stoppedBy: 'prompt-guard',
  outcome: 'refused',
  notes: { 'prompt-guard': { why: 1 } },
}

/** What each captured entry is: written down from what was done when it was captured. */
const GOLDEN: readonly [
  id: string,
  outcome: UsageEvent['outcome'],
  status: number,
  model: string | null,
  tokens: readonly [number, number] | null,
  attempts: readonly number[],
  latencyMs: number,
  ttftMs: number | null,
][] = [
  ['dca230ad', 'refused', 401, null, null, [], 0, null],
  ['d4b48378', 'completed', 200, 'gpt-4', null, [200], 20, 5],
  ['cd7af41d', 'completed', 200, 'qwen-max', null, [200], 9, 5],
  ['183b5812', 'served', 200, 'stopme', null, [], 3, null],
  ['d6bb4f81', 'completed', 200, 'gpt-4', [5, 4], [200], 809, 2],
  ['8b51359b', 'client_disconnected', 200, 'gpt-4', null, [200], 995, 3],
  ['50147aa0', 'upstream_error', 503, 'gpt-4', null, [503], 10, 5],
  ['056c6139', 'upstream_error', 429, 'gpt-4', null, [429], 5, 2],
  ['e51f1f4d', 'upstream_error', 500, 'gpt-4', null, [500], 5, 1],
  ['2940ae60', 'upstream_error', 400, 'gpt-4', null, [400], 4, 1],
  ['4168b7a7', 'upstream_error', 401, 'gpt-4', null, [502, 401], 6, 2],
  ['7042675e', 'refused', 401, null, null, [], 0, null],
  ['d6a91292', 'completed', 200, 'gpt-4', null, [503, 200], 8, 4],
  ['b7af0983', 'completed', 200, 'gpt-4', null, [429, 200], 6, 2],
  ['d3850777', 'completed', 200, 'gpt-4', null, [500, 200], 5, 2],
  ['65ff92a4', 'completed', 200, 'gpt-4', [5, 4], [500, 200], 807, 3],
  ['67debd3f', 'completed', 200, 'gpt-4', null, [502, 200], 5, 1],
  ['130b7ac1', 'completed', 200, 'gpt-4', [5, 3], [429, 200], 608, 5],
  ['598a8658', 'upstream_cut', 200, null, null, [200], 307, 3],
  ['c248d44f', 'completed', 200, null, [5, 2], [504, 200], 2217, 9],
]

test('every captured log entry becomes the event of what happened', () => {
  const lines = readFileSync(new URL('../../fixtures/wire/http-logger.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  const events = lines.map((line) => observe((JSON.parse(line) as { body: string }).body).event)
  assert.deepEqual(
    events.map((event) => [
      event.request_id.slice(0, 8),
      event.outcome,
      event.status,
      event.model,
      event.usage_source === 'provider' ? [event.prompt_t, event.completion_t] : null,
      event.attempts.map(({ status }) => status),
      event.latency_ms,
      event.ttft_ms,
    ]),
    GOLDEN,
  )
  for (const event of events) {
    assert.deepEqual(isEvent(event), { ok: true, value: event })
    assert.equal(event.total_t, event.prompt_t + event.completion_t)
    assert.equal(event.route_id, 'llm')
    assert.equal(
      event.consumer,
      event.status === 401 && event.attempts.length === 0 ? null : 'business_unit_A',
    )
    assert.equal(event.fallback, event.attempts.length > 1)
    assert.equal(event.refused_by, event.outcome === 'refused' ? 'apisix' : null)
  }
})

test('a request that a plugin stopped is told by the record, and uses nothing', () => {
  const { event, notes } = observe(
    { ...base, upstream_status: undefined, status: 400, response_body: answer('no') },
    record,
  )
  assert.equal(event.outcome, 'refused')
  assert.equal(event.refused_by, 'prompt-guard')
  assert.equal(event.consumer, 'c1')
  assert.equal(event.route_id, 'r1')
  assert.equal(event.usage_source, 'none')
  assert.equal(event.total_t, 0)
  assert.deepEqual(notes, record.notes)
})

test('the provider’s numbers stand, cached, reasoning and audio tokens included', () => {
  const usage = {
    prompt_tokens: 100,
    completion_tokens: 50,
    total_tokens: 150,
    prompt_tokens_details: { cached_tokens: 64, audio_tokens: 7 },
    completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 9 },
  }
  const { event } = observe({ ...base, response_body: answer('x', usage), time: '1700000001.5' })
  assert.deepEqual(
    [event.prompt_t, event.completion_t, event.total_t, event.cached_t, event.reasoning_t],
    [100, 50, 150, 64, 20],
  )
  assert.deepEqual([event.audio_prompt_t, event.audio_completion_t], [7, 9])
  assert.deepEqual([event.timestamp, event.timestamp_ms], [1_700_000_001, 1_700_000_001_500])
  assert.equal(event.response_model, 'gpt-4-0613')
  assert.equal(event.finish_reason, 'stop')
})

test('a stream that ends without its last event was cut, unless the log itself cut it', () => {
  const body = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
  const bytes = Buffer.byteLength(body)
  const of = (sent: number) => observe({ ...base, response_body: body, body_bytes_sent: sent }).event.outcome
  assert.equal(of(bytes), 'upstream_cut')
  assert.equal(of(bytes + 100), 'completed')
})

test('half a usage is kept for the estimator and is not taken for the whole', () => {
  const start = {
    type: 'message_start',
    message: {
      type: 'message',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 43, output_tokens: 1 },
    },
  }
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Half an ans' } }
  const body = [start, delta]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
  const bytes = Buffer.byteLength(body)
  const entry = { ...base, uri: '/v1/messages', response_body: body, body_bytes_sent: bytes }
  const { event } = observe(entry)
  assert.deepEqual([event.outcome, event.usage_source], ['upstream_cut', 'none'])
  assert.deepEqual([event.prompt_t, event.completion_t, event.total_t], [43, 0, 43])
  assert.equal(observe({ ...entry, status: 529 }).event.prompt_t, 0)
  const onlyOutput = observe({ ...base, response_body: answer('x', { completion_tokens: 7 }) }).event
  assert.deepEqual([onlyOutput.usage_source, onlyOutput.completion_t], ['none', 7])
})

test('ai-proxy’s own numbers are taken where there is no body to read', () => {
  const { event } = observe({ ...base, llm_model: 'm', llm_prompt_tokens: '7', llm_completion_tokens: 2 })
  assert.deepEqual([event.model, event.prompt_t, event.completion_t, event.total_t], ['m', 7, 2, 9])
  const { event: proxied } = observe(
    { ...base, upstream_status: undefined, llm_prompt_tokens: 7, llm_completion_tokens: 2 },
    { ...record, stoppedBy: undefined, outcome: 'forwarded' },
  )
  assert.deepEqual([proxied.outcome, proxied.usage_source, proxied.total_t], ['completed', 'provider', 9])
})

test('texts are read when somebody asks, also after the event was filled in', () => {
  const observation = observe({ ...base, request_body: '{"model":"gpt-4"}', response_body: answer('hello') })
  const enriched = observation.enriched({ tier: 'premium' })
  assert.equal(enriched.event.tier, 'premium')
  assert.equal(observation.event.tier, null)
  assert.equal(enriched.answer?.choices[0]?.content, 'hello')
  assert.equal(enriched.answer, observation.answer)
  assert.deepEqual(enriched.requestJson, { model: 'gpt-4' })
})

test('of an answer too big to read in a few milliseconds there are the numbers without the text', () => {
  const observation = observe({ ...base, response_body: answer('x'.repeat(300_000)) })
  assert.equal(observation.event.prompt_t, 3)
  assert.equal(observation.answer?.complete, true)
  assert.deepEqual(observation.answer?.choices, [])
})

test('without bodies there is no answer and no request', () => {
  const { answer: none, requestJson } = observe({ ...base, response_body: '', request_body: 'no json' })
  assert.equal(none, undefined)
  assert.equal(requestJson, undefined)
})
