/**
 * What a scripted answer does. Every field is optional; `{}` is an ordinary good answer. JSON, hence snake_case:
 * it arrives in the request header `x-scripted`, by `PUT /__script`, or from a test.
 */
export interface Behaviour {
  /** Holds only for calls that fit all fields given: provider name, end of the path, model. */
  only?: { provider?: string; path?: string; model?: string }
  /** Holds with this probability (0..1), drawn from the provider's seeded generator. */
  odds?: number
  /** In a queue: how many calls it serves. Default 1. */
  times?: number

  /** 400 and above answers with the API's error object. */
  status?: number
  error?: { message?: string; type?: string; code?: string }
  /** Seconds, sent as `Retry-After`. */
  retry_after?: number
  /** More response headers. */
  headers?: Record<string, string>
  content_type?: string
  /** Sent as the body, byte for byte, in place of a made answer. */
  body?: string
  gzip?: boolean

  delay_ms?: number
  /** After the headers, before the first byte of a stream. */
  first_chunk_delay_ms?: number
  chunk_delay_ms?: number
  /** Closes the connection; a number: after that many content chunks (in a JSON answer: after half the body). */
  cut?: 'before_headers' | 'after_headers' | number
  /** The cut is a TCP reset. */
  reset?: boolean
  /** Never goes on from that point, until the client leaves. */
  hang?: 'before_headers' | 'after_headers' | number

  text?: string
  /** Exact length of the made text, in tokens. */
  tokens?: number
  /** Content chunks of a stream. Default 8, or the number of tokens if less. */
  chunks?: number
  finish_reason?: string
  refusal?: string
  tool_call?: { name: string; arguments?: string }
  /** Prompt tokens reported as read from the provider's cache. */
  cached_tokens?: number
  /** Reported within the completion tokens, without text. */
  reasoning_tokens?: number
  /**
   * Usage in a stream: `asked` (default) obeys `stream_options.include_usage`, `always` sends it unasked, `every`
   * also sends the usage so far on each chunk, `none` never sends it (nor in a JSON answer).
   */
  usage?: 'asked' | 'always' | 'every' | 'none'
  /** `full` bills the whole answer even when it was cut or the client left; `sent` (default) only what was sent. */
  bill?: 'sent' | 'full'

  line_end?: 'lf' | 'crlf'
  /** SSE comments (Anthropic: ping events) between the chunks. */
  comments?: boolean
  /** Ends the stream with an error event after that many content chunks. */
  error_after?: number
  /** Sends one line of broken JSON after that many content chunks, then goes on. */
  bad_line_after?: number
  /** Leaves out the end mark: `[DONE]`, `message_stop`. */
  no_end?: boolean
}

/** The request header that scripts its own answer; a list is tried in order. Always ASCII, whatever the texts. */
export function scripted(behaviour: Behaviour | Behaviour[]): { 'x-scripted': string } {
  const escapeUnit = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return { 'x-scripted': JSON.stringify(behaviour).replace(/[^ -~]/g, escapeUnit) }
}

type Check = (value: unknown) => boolean

const isString: Check = (value) => typeof value === 'string'
const isBoolean: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => Number.isInteger(value) && Number(value) >= 0
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isOneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(String(value))
const isPoint: Check = (value) => isCount(value) || value === 'before_headers' || value === 'after_headers'

const checks: Record<keyof Behaviour, Check> = {
  only: isObject,
  odds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  times: isCount,
  status: (value) => isCount(value) && Number(value) >= 200 && Number(value) <= 599,
  error: isObject,
  retry_after: isCount,
  headers: isObject,
  content_type: isString,
  body: isString,
  gzip: isBoolean,
  delay_ms: isCount,
  first_chunk_delay_ms: isCount,
  chunk_delay_ms: isCount,
  cut: isPoint,
  reset: isBoolean,
  hang: isPoint,
  text: isString,
  tokens: isCount,
  chunks: isCount,
  finish_reason: isString,
  refusal: isString,
  tool_call: (value) => isObject(value) && isString(Object(value).name),
  cached_tokens: isCount,
  reasoning_tokens: isCount,
  usage: isOneOf('asked', 'always', 'every', 'none'),
  bill: isOneOf('sent', 'full'),
  line_end: isOneOf('lf', 'crlf'),
  comments: isBoolean,
  error_after: isCount,
  bad_line_after: isCount,
  no_end: isBoolean,
}

/** Checks one behaviour or a list of them, so that a typing error never passes for a good answer. Throws TypeError. */
export function parseBehaviours(input: unknown): Behaviour[] {
  return (Array.isArray(input) ? input : [input]).map(parseBehaviour)
}

function parseBehaviour(input: unknown): Behaviour {
  if (!isObject(input)) throw new TypeError('a behaviour is a JSON object')
  for (const [key, value] of Object.entries(Object(input))) {
    const check = Object.hasOwn(checks, key) ? checks[key as keyof Behaviour] : undefined
    if (check === undefined) throw new TypeError(`unknown field in a behaviour: ${key}`)
    if (!check(value)) throw new TypeError(`bad value in a behaviour: ${key}`)
  }
  return Object(input) as Behaviour
}
