import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint } from '../../../runner/llm/index.ts'
import { validateRequest } from '../../../runner/llm/index.ts'

const messages = [{ role: 'user', content: 'q' }]
const codeOf = (endpoint: Endpoint, body: unknown) => {
  const result = validateRequest(endpoint, body)
  return result.ok ? 'ok' : `${result.param} ${result.code}`
}

test('accepts what every API accepts', () => {
  assert.equal(codeOf('chat-completions', { model: 'm', messages, max_tokens: null, stream: false }), 'ok')
  assert.equal(codeOf('messages', { model: 'm', messages, max_tokens: 1 }), 'ok')
  assert.equal(codeOf('completions', { model: 'm', prompt: [[1, 2]] }), 'ok')
  assert.equal(codeOf('responses', { prompt: { id: 'p' } }), 'ok')
  assert.equal(codeOf('embeddings', { model: 'm', input: ['a'] }), 'ok')
  assert.equal(codeOf('models', undefined), 'ok')
  assert.deepEqual(validateRequest('chat-completions', { messages }, { modelRequired: false }), { ok: true })
})

test('names what is wrong', () => {
  const cases: [Endpoint, unknown, string][] = [
    ['chat-completions', undefined, 'null invalid_type'],
    ['chat-completions', [], 'null invalid_type'],
    ['chat-completions', { messages }, 'model missing_required_parameter'],
    ['chat-completions', { model: 3, messages }, 'model invalid_type'],
    ['chat-completions', { model: ' ', messages }, 'model empty_string'],
    ['chat-completions', { model: 'm'.repeat(257), messages }, 'model string_above_max_length'],
    ['chat-completions', { model: 'm' }, 'messages missing_required_parameter'],
    ['chat-completions', { model: 'm', messages: 'q' }, 'messages invalid_type'],
    ['chat-completions', { model: 'm', messages: [] }, 'messages empty_array'],
    ['chat-completions', { model: 'm', messages: ['q'] }, 'messages[0] invalid_type'],
    ['chat-completions', { model: 'm', messages: [{}] }, 'messages[0].role missing_required_parameter'],
    ['chat-completions', { model: 'm', messages, stream: 'yes' }, 'stream invalid_type'],
    ['chat-completions', { model: 'm', messages, max_tokens: -5 }, 'max_tokens integer_below_min_value'],
    ['chat-completions', { model: 'm', messages, n: 1.5 }, 'n invalid_type'],
    ['embeddings', { model: 'm' }, 'input missing_required_parameter'],
    ['responses', { model: 'm', input: 3 }, 'input invalid_type'],
    ['completions', { model: 'm', prompt: {} }, 'prompt invalid_type'],
  ]
  for (const [endpoint, body, expected] of cases) assert.equal(codeOf(endpoint, body), expected)
})

test('never throws and never quotes the texts of the body', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      validateRequest('chat-completions', value)
      validateRequest('responses', { model: 'm', input: value })
    }),
  )
  const result = validateRequest('chat-completions', { model: 'secret'.repeat(99), messages })
  assert.ok(!result.ok && !result.message.includes('secret'))
})
