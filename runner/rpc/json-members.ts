const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Numbers that {@link membersOf} gives for each member: where its name and its value begin and end (exclusive). */
export const MEMBER = { nameFrom: 0, nameTo: 1, from: 2, to: 3, size: 4 } as const

/**
 * The members of the object or array that begins at `start`, which must be JSON that parses: {@link MEMBER} numbers for
 * each, since a body may have 50,000. Items of arrays have an empty name. Linear in the bytes.
 */
export function membersOf(json: Buffer, start: number): number[] {
  const members: number[] = []
  const isObject = json[start] === OPEN_BRACE
  let at = afterSpaces(json, start + 1)
  while (at < json.length && json[at] !== CLOSE_BRACE && json[at] !== CLOSE_BRACKET) {
    const nameFrom = at
    const nameTo = isObject ? endOfString(json, at) : at
    if (isObject) {
      at = afterSpaces(json, nameTo)
      if (json[at] === COLON) at = afterSpaces(json, at + 1)
    }
    const to = endOfValue(json, at)
    members.push(nameFrom, nameTo, at, to)
    at = afterSpaces(json, to)
    if (json[at] === COMMA) at = afterSpaces(json, at + 1)
  }
  return members
}

/** The first byte from `from` on that is no white space. */
export function afterSpaces(json: Buffer, from: number): number {
  let at = from
  while (SPACES.has(json[at] ?? 0)) at++
  return at
}

function endOfValue(json: Buffer, from: number): number {
  const first = json[from]
  if (first === QUOTE) return endOfString(json, from)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfLiteral(json, from)
  let depth = 0
  for (let at = from; at < json.length; ) {
    const byte = json[at]
    if (byte === QUOTE) {
      at = endOfString(json, at)
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1
    at++
  }
  return json.length
}

function endOfLiteral(json: Buffer, from: number): number {
  let at = from
  for (; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || SPACES.has(byte)) break
  }
  return at
}

/** Strings are jumped over natively unless they have escapes in them. */
function endOfString(json: Buffer, start: number): number {
  const quote = json.indexOf(QUOTE, start + 1)
  if (quote < 0) return json.length
  if (json[quote - 1] !== BACKSLASH) return quote + 1
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++
    else if (json[at] === QUOTE) return at + 1
  }
  return json.length
}
