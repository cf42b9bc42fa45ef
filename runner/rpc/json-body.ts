import { RunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'

export interface BodyLimits {
  /** Bytes of a request body that a plugin reads; more is answered 413 without being asked for. */
  readonly maxBodyBytes: number
  /** JSON values in a body: parsing time grows with them far more than with bytes. */
  readonly maxJsonValues: number
}

export const MAX_JSON_DEPTH = 100

/** Below this a body can neither be nested too deeply nor hold many values. */
const SCAN_FROM_BYTES = 2 * MAX_JSON_DEPTH

/**
 * @throws RunnerError BODY_TOO_LARGE, BODY_TOO_COMPLEX (before anything is parsed) or BODY_INVALID.
 */
export function parseJsonBody(body: Buffer, limits: BodyLimits): JsonObject {
  if (body.length > limits.maxBodyBytes) throw bodyTooLarge(body.length, limits)
  checkComplexity(body, limits)
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new RunnerError('BODY_INVALID', 'the request body is not valid JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunnerError('BODY_INVALID', 'the request body must be a JSON object')
  }
  return value as JsonObject
}

export function bodyTooLarge(bytes: number, limits: BodyLimits): RunnerError {
  return new RunnerError(
    'BODY_TOO_LARGE',
    `the request body is ${bytes} bytes, the limit is ${limits.maxBodyBytes}`,
  )
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Counts what `JSON.parse` would have to build. Strings, the bulk of honest bodies, are jumped over natively. */
function checkComplexity(body: Buffer, limits: BodyLimits): void {
  if (body.length < Math.min(SCAN_FROM_BYTES, limits.maxJsonValues)) return
  let values = 0
  let depth = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = endOfString(body, at)
    } else if (byte === COMMA) {
      values++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      values++
      if (++depth > MAX_JSON_DEPTH) throw tooComplex(`is nested deeper than ${MAX_JSON_DEPTH} levels`)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--
    }
    if (values > limits.maxJsonValues) throw tooComplex(`has more than ${limits.maxJsonValues} JSON values`)
  }
}

function endOfString(body: Buffer, start: number): number {
  let at = start
  for (;;) {
    at = body.indexOf(QUOTE, at + 1)
    if (at < 0) return body.length
    let backslashes = 0
    while (body[at - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at
  }
}

function tooComplex(reason: string): RunnerError {
  return new RunnerError('BODY_TOO_COMPLEX', `the request body ${reason}`)
}
