import type { ApiError } from './apis/dialect.ts'
import type { Behaviour } from './behaviour.ts'

const known: Record<number, Omit<ApiError, 'status'>> = {
  400: { message: 'Invalid request.', type: 'invalid_request_error', code: null },
  401: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' },
  403: { message: 'Access denied.', type: 'permission_error', code: null },
  404: {
    message: 'The model or path does not exist.',
    type: 'invalid_request_error',
    code: 'model_not_found',
  },
  413: { message: 'Request too large.', type: 'invalid_request_error', code: 'request_too_large' },
  429: { message: 'Rate limit reached for requests.', type: 'requests', code: 'rate_limit_exceeded' },
  500: {
    message: 'The server had an error while processing your request.',
    type: 'server_error',
    code: null,
  },
  503: { message: 'The engine is currently overloaded.', type: 'server_error', code: 'service_unavailable' },
}

export function apiError(status: number, behaviour: Behaviour = {}): ApiError {
  const base = known[status] ?? { message: `Scripted status ${status}.`, type: 'server_error', code: null }
  return { status, ...base, ...behaviour.error }
}
