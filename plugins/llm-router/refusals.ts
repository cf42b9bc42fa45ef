import { type Endpoint, errorBody, type Stop } from '../../runner/plugin.ts'

/** What clients read when the router does not let a request go on, in the format of the endpoint they called. */
function refusal(
  endpoint: Endpoint | undefined,
  status: number,
  error: { message: string; type: string; code: string; param?: string | null },
  headers: Readonly<Record<string, string>> = {},
): Stop {
  return {
    kind: 'stop',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: errorBody(endpoint, error),
  }
}

export function unknownPath(message: string): Stop {
  return refusal(undefined, 404, { message, type: 'invalid_request_error', code: 'unknown_url' })
}

export function invalidRequest(
  endpoint: Endpoint,
  problem: { message: string; param: string | null; code: string },
): Stop {
  return refusal(endpoint, 400, { ...problem, type: 'invalid_request_error' })
}

/** One text for models that do not exist and those that the tier may not use: the list of models is not to be probed. */
export function modelNotFound(endpoint: Endpoint, model: string): Stop {
  const shown = isPlain(model) ? `\`${model}\`` : 'of this name'
  return refusal(endpoint, 404, {
    message: `The model ${shown} does not exist or you do not have access to it.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  })
}

export function endpointNotOffered(endpoint: Endpoint, model: string): Stop {
  return refusal(endpoint, 400, {
    message: `The model \`${model}\` is not available on the ${endpoint} endpoint.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'unsupported_endpoint',
  })
}

export function promptTooLong(endpoint: Endpoint, window: number, promptTokens: number): Stop {
  return refusal(endpoint, 400, {
    message: `This model's maximum context length is ${window} tokens, but the prompt has about ${promptTokens} tokens. Please shorten it.`,
    type: 'invalid_request_error',
    param: endpoint === 'responses' || endpoint === 'embeddings' ? 'input' : 'messages',
    code: 'context_length_exceeded',
  })
}

export function noProviderLeft(endpoint: Endpoint | undefined, retryAfterMs: number): Stop {
  return refusal(
    endpoint,
    503,
    {
      message: 'No provider of this model is available at the moment. Please try again later.',
      type: 'service_unavailable',
      code: 'no_provider_available',
    },
    { 'retry-after': String(Math.min(Math.max(Math.ceil(retryAfterMs / 1000), 1), 3600)) },
  )
}

/** Printable ASCII: safe in a header and in a message. */
export function isPlain(model: string): boolean {
  return /^[\x20-\x7e]{1,256}$/.test(model)
}
