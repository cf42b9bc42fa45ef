import { isUtf8 } from 'node:buffer'
import { RunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { checkComplexity } from './json-complexity.ts'

export interface BodyLimits {
  /** Bytes of a request body that a plugin reads; more is answered 413 without being asked for. */
  readonly maxBodyBytes: number
  /** JSON values in a body: parsing time grows with them far more than with bytes. */
  readonly maxJsonValues: number
}

/**
 * A body that names a field twice is refused: parsers differ in which one counts, so a provider could be sent another
 * model or another prompt than the one that was checked, routed and priced here.
 * @throws RunnerError BODY_TOO_LARGE, BODY_TOO_COMPLEX (before anything is parsed) or BODY_INVALID.
 */
export function parseJsonBody(body: Buffer, limits: BodyLimits): JsonObject {
  if (body.length > limits.maxBodyBytes) throw bodyTooLarge(body.length, limits)
  // Read with replacement characters here, a provider could drop the odd bytes and see words that were not checked.
  if (!isUtf8(body)) throw new RunnerError('BODY_INVALID', 'the request body is not valid UTF-8')
  const fields = checkComplexity(body, limits.maxJsonValues)
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new RunnerError('BODY_INVALID', 'the request body is not valid JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunnerError('BODY_INVALID', 'the request body must be a JSON object')
  }
  if (countFields(value) !== fields) {
    throw new RunnerError('BODY_INVALID', 'the request body names a field twice in the same object')
  }
  return value as JsonObject
}

export function bodyTooLarge(bytes: number, limits: BodyLimits): RunnerError {
  return new RunnerError(
    'BODY_TOO_LARGE',
    `the request body is ${bytes} bytes, the limit is ${limits.maxBodyBytes}`,
  )
}

function countFields(root: object): number {
  let fields = 0
  const open: object[] = [root]
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    const members = Array.isArray(container) ? container : Object.values(container)
    if (members !== container) fields += members.length
    for (const member of members) if (typeof member === 'object' && member !== null) open.push(member)
  }
  return fields
}
