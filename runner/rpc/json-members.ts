const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]
const LAST_SPACE = 0x20

/** Numbers that {@link membersOf} gives for each member: where its name and its value begin and end (exclusive). */
export const MEMBER = { nameFrom: 0, nameTo: 1, from: 2, to: 3, size: 4 } as const

/** Where each object and array ends (exclusive), by where it begins. */
export type ContainerEnds = ReadonlyMap<number, number>

/** One walk through JSON that parses: whoever looks at one level after the other need not walk through what is inside. */
export function containerEnds(json: Buffer): ContainerEnds {
  const ends = new Map<number, number>()
  const open: number[] = []
  for (let at = 0; at < json.length; ) {
    const byte = json[at]
    if (byte === QUOTE) {
      at = endOfString(json, at)
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) open.push(at)
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) ends.set(open.pop() ?? 0, at + 1)
    at++
  }
  return ends
}

/**
 * The members of the object or array that begins at `start`, which must be JSON that parses: {@link MEMBER} numbers for
 * each, since a body may have 50,000. Items of arrays have an empty name. Linear in the bytes outside of its members that
 * are objects or arrays.
 */
export function membersOf(json: Buffer, start: number, ends: ContainerEnds): number[] {
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
    const to = endOfValue(json, at, ends)
    members.push(nameFrom, nameTo, at, to)
    at = afterSpaces(json, to)
    if (json[at] === COMMA) at = afterSpaces(json, at + 1)
  }
  return members
}

/** The first byte from `from` on that is no white space. */
export function afterSpaces(json: Buffer, from: number): number {
  let at = from
  while (at < json.length && isSpace(json[at])) at++
  return at
}

/** In JSON that parses nothing else this small stands outside of strings. */
function isSpace(byte = 0): boolean {
  return byte <= LAST_SPACE
}

function endOfValue(json: Buffer, from: number, ends: ContainerEnds): number {
  const first = json[from]
  if (first === QUOTE) return endOfString(json, from)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfLiteral(json, from)
  return ends.get(from) ?? json.length
}

function endOfLiteral(json: Buffer, from: number): number {
  let at = from
  for (; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break
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
