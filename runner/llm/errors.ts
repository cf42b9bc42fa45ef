import type { ApiError, Endpoint } from './types.ts'

/** OpenAI's error object as JSON text: https://platform.openai.com/docs/guides/error-codes */
export function openAiError(error: ApiError): string {
  const { message, type, param = null, code = null } = error
  return JSON.stringify({ error: { message, type, param, code } })
}

/** Anthropic's error object as JSON text: https://docs.anthropic.com/en/api/errors */
export function anthropicError(error: ApiError): string {
  const { message, requestId, code, type } = error
  return JSON.stringify({
    type: 'error',
    error: { type: anthropicTypes.get(code ?? '') ?? anthropicTypes.get(type) ?? type, message },
    ...(requestId !== undefined && { request_id: requestId }),
  })
}

/** An error body in the format that the client of this endpoint can read; OpenAI's where there is no endpoint. */
export function errorBody(endpoint: Endpoint | undefined, error: ApiError): string {
  return endpoint === 'messages' ? anthropicError(error) : openAiError(error)
}

const anthropicTypes = new Map([
  ['insufficient_quota', 'rate_limit_error'],
  ['rate_limit_exceeded', 'rate_limit_error'],
  ['requests', 'rate_limit_error'],
  ['tokens', 'rate_limit_error'],
  ['invalid_api_key', 'authentication_error'],
  ['model_not_found', 'not_found_error'],
  ['server_error', 'api_error'],
  ['internal_error', 'api_error'],
  ['service_unavailable', 'overloaded_error'],
  ['service_unavailable_error', 'overloaded_error'],
])
