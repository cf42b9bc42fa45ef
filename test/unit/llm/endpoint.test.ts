import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointOf } from '../../../runner/llm/index.ts'

test('knows the model calls behind any prefix', () => {
  const cases: [string, string, string | undefined][] = [
    ['POST', '/v1/chat/completions', 'chat-completions'],
    ['post', '/chat/completions/', 'chat-completions'],
    ['POST', '/compatible-mode/v1/chat/completions', 'chat-completions'],
    ['POST', '/openai/deployments/gpt-4o/chat/completions?api-version=2024-06-01', 'chat-completions'],
    ['POST', '/v1beta/openai/chat/completions', 'chat-completions'],
    ['POST', '//v1///chat/%63ompletions', 'chat-completions'],
    ['POST', '/v1/completions', 'completions'],
    ['POST', '/v1/engines/davinci/completions', 'completions'],
    ['POST', '/v1/responses', 'responses'],
    ['POST', '/v1/embeddings', 'embeddings'],
    ['POST', '/anthropic/v1/messages', 'messages'],
    ['GET', '/v1/models', 'models'],
    ['GET', '/v1/models/gpt-4o', 'models'],
    ['GET', '/v1/models/meta-llama%2FLlama-3', 'models'],
  ]
  for (const [method, path, endpoint] of cases) assert.equal(endpointOf(method, path), endpoint, path)
})

test('leaves alone what is no model call', () => {
  for (const path of [
    '/v1/messages/count_tokens',
    '/v1/messages/batches',
    '/v1/threads/t1/messages',
    '/v1/responses/resp_1/cancel',
    '/v1/mycompletions',
    '/v1/audio/speech',
    '/',
    '',
    '/%zz',
  ]) {
    assert.equal(endpointOf('POST', path), undefined, path)
  }
  assert.equal(endpointOf('GET', '/v1/chat/completions'), undefined)
  assert.equal(endpointOf('DELETE', '/v1/models/x'), undefined)
})
