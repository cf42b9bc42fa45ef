import type { JsonRecord } from './json.ts'
import { isRecord, recordOf } from './json.ts'
import type { Endpoint, RequestValidation } from './types.ts'

const maxModelLength = 256

export interface ValidateOptions {
  /** False where the path names the model, as with Azure's deployments. */
  modelRequired?: boolean
}

/**
 * Whether a body can be a request at all, so that plugins meet no absurd shapes and the client gets an OpenAI-style
 * 400. Shallow: what a provider checks better is left to it. `message` never quotes the body's texts.
 */
export function validateRequest(
  endpoint: Endpoint,
  body: unknown,
  options: ValidateOptions = {},
): RequestValidation {
  if (endpoint === 'models') return { ok: true }
  if (!isRecord(body)) return refusal('The request body must be a JSON object.', null, 'invalid_type')
  return (
    modelProblem(endpoint, body, options.modelRequired ?? true) ??
    contentProblem(endpoint, body) ??
    optionProblem(body) ?? { ok: true }
  )
}

function modelProblem(
  endpoint: Endpoint,
  body: JsonRecord,
  required: boolean,
): RequestValidation | undefined {
  const { model } = body
  if (model === undefined || model === null) {
    if (!required || (endpoint === 'responses' && isRecord(body.prompt))) return undefined
    return missing('model')
  }
  if (typeof model !== 'string') return wrongType('model', 'a string')
  if (model.trim() === '') return refusal("Invalid 'model': empty string.", 'model', 'empty_string')
  if (model.length <= maxModelLength) return undefined
  const message = `Invalid 'model': string too long. Expected a string with maximum length ${maxModelLength}.`
  return refusal(message, 'model', 'string_above_max_length')
}

function contentProblem(endpoint: Endpoint, body: JsonRecord): RequestValidation | undefined {
  switch (endpoint) {
    case 'chat-completions':
    case 'messages':
      return messagesProblem(body.messages)
    case 'embeddings':
      if (body.input === undefined || body.input === null) return missing('input')
      return isTextOrList(body.input) ? undefined : wrongType('input', 'a string or an array')
    case 'responses':
      if (body.input === undefined || body.input === null) return undefined
      return isTextOrList(body.input) ? undefined : wrongType('input', 'a string or an array')
    case 'completions':
      if (body.prompt === undefined || body.prompt === null) return undefined
      return isTextOrList(body.prompt) ? undefined : wrongType('prompt', 'a string or an array')
    case 'models':
      return undefined
  }
}

function isTextOrList(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value)
}

function messagesProblem(messages: unknown): RequestValidation | undefined {
  if (messages === undefined || messages === null) return missing('messages')
  if (!Array.isArray(messages)) return wrongType('messages', 'an array of objects')
  if (messages.length === 0) {
    return refusal(
      "Invalid 'messages': empty array. Expected at least one message.",
      'messages',
      'empty_array',
    )
  }
  const odd = messages.findIndex((message) => !isRecord(message))
  if (odd >= 0) return wrongType(`messages[${odd}]`, 'an object')
  const mute = messages.findIndex((message) => typeof recordOf(message).role !== 'string')
  return mute >= 0 ? missing(`messages[${mute}].role`) : undefined
}

/** The numbers that quotas calculate with: a negative limit must not become a credit. */
function optionProblem(body: JsonRecord): RequestValidation | undefined {
  if (!isAbsent(body.stream) && typeof body.stream !== 'boolean') return wrongType('stream', 'a boolean')
  for (const param of ['n', 'max_tokens', 'max_completion_tokens', 'max_output_tokens']) {
    const value = body[param]
    if (isAbsent(value)) continue
    if (!Number.isInteger(value)) return wrongType(param, 'an integer')
    const least = param === 'max_tokens' ? 0 : 1
    if (Number(value) < least) {
      const message = `Invalid '${param}': integer below minimum value. Expected a value >= ${least}.`
      return refusal(message, param, 'integer_below_min_value')
    }
  }
  return undefined
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function missing(param: string): RequestValidation {
  return refusal(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
}

function wrongType(param: string, expected: string): RequestValidation {
  return refusal(`Invalid type for '${param}': expected ${expected}.`, param, 'invalid_type')
}

function refusal(message: string, param: string | null, code: string): RequestValidation {
  return { ok: false, message, param, code }
}
