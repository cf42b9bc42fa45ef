import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spanOf } from '../../../runner/tracing/span.ts'
import { usageEvent } from '../../support/events.ts'

test('a span has the GenAI attributes and the times of the request', () => {
  const span = spanOf(usageEvent(), undefined)
  assert.equal(span.name, 'chat gpt-4')
  assert.equal(span.endMs - span.startMs, 1500)
  assert.equal(span.attributes['gen_ai.provider.name'], 'openai')
  assert.equal(span.attributes['gen_ai.usage.input_tokens'], 10)
  assert.equal(span.attributes['gen_ai.response.time_to_first_chunk'], 0.3)
  assert.deepEqual(span.attributes['gen_ai.response.finish_reasons'], ['stop'])
  assert.equal(span.error, undefined)
})

test('it joins the trace of the request, and a broken traceparent starts a trace of its own', () => {
  const joined = spanOf(usageEvent(), '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
  assert.equal(joined.traceId.toString('hex'), '0af7651916cd43dd8448eb211c80319c')
  assert.equal(joined.parentSpanId?.toString('hex'), 'b7ad6b7169203331')
  const own = spanOf(usageEvent(), 'garbage')
  assert.equal(own.traceId.length, 16)
  assert.equal(own.parentSpanId, undefined)
  assert.deepEqual(own.traceId, spanOf(usageEvent(), undefined).traceId)
})

test('usage that nobody counted is left out, and an error is an error', () => {
  const refused = spanOf(usageEvent({ usage_source: 'none', status: 429, error_type: 'tokens' }), undefined)
  assert.equal(refused.attributes['gen_ai.usage.input_tokens'], undefined)
  assert.equal(refused.error, 'tokens')
  assert.equal(refused.attributes['error.type'], 'tokens')
})
