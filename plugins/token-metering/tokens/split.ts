import { LETTER, LOWER, NEWLINE, NUMBER, OTHER, SPACE, UPPER, utf8Length } from './char-class.ts'

/**
 * Where the piece that starts at `start` ends. Bytes and classes are those of `classifyUtf8`.
 * Looks at no byte more than a constant number of times over a whole text, whatever the text: the patterns' own
 * backtracking is replaced by remembering the one position it would come back to.
 */
export type PieceEnd = (bytes: Uint8Array, classes: Uint8Array, start: number, length: number) => number

const WHITESPACE = SPACE | NEWLINE
const SLASH = 0x2f
const NONE = -1
const APOSTROPHE = 0x27

/**
 * cl100k_base, as published in openai/tiktoken, tiktoken_ext/openai_public.py:
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
 */
export function cl100kPieceEnd(
  bytes: Uint8Array,
  classes: Uint8Array,
  start: number,
  length: number,
): number {
  const contraction = contractionEnd(bytes, start, length)
  if (contraction > start) return contraction
  const first = classes[start] ?? 0
  const wordStart = first & (LETTER | NUMBER | NEWLINE) ? start : start + utf8Length(bytes[start] ?? 0)
  const wordEnd = runEnd(classes, wordStart, length, LETTER)
  if (wordEnd > wordStart) return wordEnd
  return otherPieceEnd(bytes, classes, start, length, NONE)
}

/**
 * o200k_base, as published in openai/tiktoken, tiktoken_ext/openai_public.py: two word alternatives
 * `[^\r\n\p{L}\p{N}]?U*L+C?` and `[^\r\n\p{L}\p{N}]?U+L*C?` (U is UPPER, L is LOWER, C a contraction), then
 * `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
 */
export function o200kPieceEnd(bytes: Uint8Array, classes: Uint8Array, start: number, length: number): number {
  const first = classes[start] ?? 0
  const wordStart = first & (LETTER | NUMBER | NEWLINE) ? start : start + utf8Length(bytes[start] ?? 0)
  let at = wordStart
  let lastLowerEnd = -1
  for (; at < length; at++) {
    const found = classes[at] ?? 0
    if (!(found & UPPER)) break
    if (found & LOWER) lastLowerEnd = at + 1
  }
  if (at < length && (classes[at] ?? 0) & LOWER) {
    return contractionEnd(bytes, runEnd(classes, at, length, LOWER), length)
  }
  if (lastLowerEnd > 0) return contractionEnd(bytes, lastLowerEnd, length)
  if (wordStart > start && first & LOWER) return contractionEnd(bytes, wordStart, length)
  if (at > wordStart) return contractionEnd(bytes, at, length)
  return otherPieceEnd(bytes, classes, start, length, SLASH)
}

/** Numbers, punctuation and white space, which both patterns treat alike but for the slash after punctuation. */
function otherPieceEnd(
  bytes: Uint8Array,
  classes: Uint8Array,
  start: number,
  length: number,
  trailing: number,
): number {
  const first = classes[start] ?? 0
  if (first & NUMBER) {
    let end = start
    for (let digits = 0; digits < 3 && end < length && (classes[end] ?? 0) & NUMBER; digits++) {
      end += utf8Length(bytes[end] ?? 0)
    }
    return end
  }
  const punctuation = bytes[start] === 0x20 && start + 1 < length ? start + 1 : start
  if ((classes[punctuation] ?? 0) & OTHER) {
    let end = runEnd(classes, punctuation, length, OTHER)
    while (end < length && ((classes[end] ?? 0) & NEWLINE || bytes[end] === trailing)) end++
    return end
  }
  return whitespaceEnd(bytes, classes, start, length)
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line end, else all but the last character when a word follows. */
function whitespaceEnd(bytes: Uint8Array, classes: Uint8Array, start: number, length: number): number {
  let end = start
  let lastStart = start
  let newlineEnd = -1
  while (end < length && (classes[end] ?? 0) & WHITESPACE) {
    lastStart = end
    end += utf8Length(bytes[end] ?? 0)
    if ((classes[lastStart] ?? 0) & NEWLINE) newlineEnd = end
  }
  if (newlineEnd > 0) return newlineEnd
  return end === length || lastStart === start ? end : lastStart
}

function runEnd(classes: Uint8Array, start: number, length: number, wanted: number): number {
  let end = start
  while (end < length && (classes[end] ?? 0) & wanted) end++
  return end
}

/** The end of `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at `at`, or `at`. Case folding makes U+017F an s in tiktoken. */
function contractionEnd(bytes: Uint8Array, at: number, length: number): number {
  if (bytes[at] !== APOSTROPHE || at + 1 >= length) return at
  const first = bytes[at + 1] ?? 0
  const second = at + 2 < length ? (bytes[at + 2] ?? 0) : 0
  if (first === 0xc5 && second === 0xbf) return at + 3
  switch (first | 0x20) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return at + 2
    case 0x72: // re
    case 0x76: // ve
      return (second | 0x20) === 0x65 ? at + 3 : at
    case 0x6c: // ll
      return (second | 0x20) === 0x6c ? at + 3 : at
    default:
      return at
  }
}
