import type { JsonRecord } from './json.ts'
import { isRecord, recordOf, stringOf } from './json.ts'
import type { AnswerError } from './types.ts'

/** An error value as providers write it: an object (OpenAI, Anthropic, Google) or a string (Ollama). */
export function errorOf(value: unknown): AnswerError {
  if (typeof value === 'string') return { message: value }
  const error = recordOf(value)
  const type = stringOf(error.type) ?? stringOf(error.status)
  const code = textOf(error.code)
  const message = stringOf(error.message)
  return {
    ...(type !== undefined && { type }),
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
  }
}

/** The error that a document of any format states beside or instead of an answer. */
export function statedError(json: JsonRecord): AnswerError | undefined {
  if (isRecord(json.error) || (typeof json.error === 'string' && json.error !== ''))
    return errorOf(json.error)
  return json.object === 'error' ? errorOf(json) : undefined
}

/** The error of a body that answers with a status of 400 or above but in no known format, such as a gateway's. */
export function failureOf(status: number | undefined, json: JsonRecord): AnswerError {
  const message = stringOf(json.message) ?? stringOf(json.error_msg) ?? stringOf(json.detail)
  const code = textOf(json.code) ?? (status === undefined ? undefined : String(status))
  return { ...(code !== undefined && { code }), ...(message !== undefined && { message }) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : stringOf(value) || undefined
}
