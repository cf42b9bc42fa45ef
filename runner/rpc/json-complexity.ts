import { RunnerError } from '../errors.ts'

export const MAX_JSON_DEPTH = 100

/**
 * Some three times as long as a number takes a short string, and ten times a name that no other field has; who lists the
 * fields of such an object pays as much again (100,000 of them: 80 ms each time). So these have their own limits.
 */
export const MAX_JSON_STRINGS = 50_000
export const MAX_JSON_NAMES = 4_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/**
 * Counts what `JSON.parse` would have to build. Strings, the bulk of honest bodies, are jumped over natively.
 * @returns the fields of all objects, one that is named twice counted twice
 * @throws RunnerError BODY_TOO_COMPLEX
 */
export function checkComplexity(body: Buffer, maxValues: number): number {
  let values = 0
  let strings = 0
  let fields = 0
  let depth = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = endOfString(body, at)
      if (++strings > MAX_JSON_STRINGS) throw tooComplex(`has more than ${MAX_JSON_STRINGS} strings`)
    } else if (byte === COMMA) {
      values++
    } else if (byte === COLON) {
      fields++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      values++
      if (++depth > MAX_JSON_DEPTH) throw tooComplex(`is nested deeper than ${MAX_JSON_DEPTH} levels`)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--
    }
    if (values > maxValues) throw tooComplex(`has more than ${maxValues} JSON values`)
  }
  if (fields > MAX_JSON_NAMES && countNames(body) > MAX_JSON_NAMES) {
    throw tooComplex(`has more than ${MAX_JSON_NAMES} different names of fields`)
  }
  return fields
}

function endOfString(body: Buffer, start: number): number {
  let at = body.indexOf(QUOTE, start + 1)
  if (at < 0) return body.length
  if (body[at - 1] !== BACKSLASH) return at
  // With escapes in it: to walk costs a nanosecond a byte, a native search for each of half a million quotes 15 ms.
  for (at = start + 1; at < body.length; at++) {
    if (body[at] === BACKSLASH) at++
    else if (body[at] === QUOTE) return at
  }
  return body.length
}

/** Its own in each process, so that nobody can make names that count as one. */
const SEED = (Math.random() * 0x1_0000_0000) | 0
const HASH_BITS = 20
const MULTIPLIER = 0x01000193
const SPREADER = 0x9e3779b1

/** How many different names a body has, by a hash of each: a little fewer than there are. */
function countNames(body: Buffer): number {
  const seen = new Uint8Array(1 << HASH_BITS)
  let names = 0
  for (let start = body.indexOf(QUOTE); start >= 0; ) {
    const end = endOfString(body, start)
    if (body[afterSpaces(body, end + 1)] === COLON) {
      let hash = SEED
      for (let at = start + 1; at < end; at++) hash = Math.imul(hash ^ (body[at] ?? 0), MULTIPLIER)
      const slot = Math.imul(hash ^ (hash >>> 15), SPREADER) >>> (32 - HASH_BITS)
      names += 1 - (seen[slot] ?? 0)
      seen[slot] = 1
    }
    start = body.indexOf(QUOTE, end + 1)
  }
  return names
}

function afterSpaces(body: Buffer, from: number): number {
  let at = from
  while (body[at] === 0x20 || body[at] === 0x09 || body[at] === 0x0a || body[at] === 0x0d) at++
  return at
}

function tooComplex(reason: string): RunnerError {
  return new RunnerError('BODY_TOO_COMPLEX', `the request body ${reason}`)
}
