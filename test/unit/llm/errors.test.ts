import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anthropicError, errorBody, openAiError } from '../../../runner/llm/index.ts'

test('writes the error object of OpenAI with every field', () => {
  assert.deepEqual(
    JSON.parse(openAiError({ message: 'm"', type: 'invalid_request_error', param: 'model', code: 'c' })),
    {
      error: { message: 'm"', type: 'invalid_request_error', param: 'model', code: 'c' },
    },
  )
  assert.deepEqual(JSON.parse(openAiError({ message: 'm', type: 't' })), {
    error: { message: 'm', type: 't', param: null, code: null },
  })
})

test('writes the error object of Anthropic in its own words', () => {
  assert.deepEqual(
    JSON.parse(anthropicError({ message: 'm', type: 'rate_limit_exceeded', requestId: 'r' })),
    {
      type: 'error',
      error: { type: 'rate_limit_error', message: 'm' },
      request_id: 'r',
    },
  )
  assert.deepEqual(JSON.parse(anthropicError({ message: 'm', type: 'invalid_request_error' })), {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'm' },
  })
})

test('an unknown model is a not_found_error in Anthropic’s words', () => {
  const error = { message: 'm', type: 'invalid_request_error', code: 'model_not_found' }
  assert.equal(JSON.parse(anthropicError(error)).error.type, 'not_found_error')
})

test('chooses the format that the client can read', () => {
  const error = { message: 'm', type: 'server_error' }
  assert.equal(errorBody('messages', error), anthropicError(error))
  assert.equal(errorBody('responses', error), openAiError(error))
  assert.equal(errorBody(undefined, error), openAiError(error))
})
