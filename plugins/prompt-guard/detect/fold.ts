import {
  ASTRAL_ENCLOSED,
  ASTRAL_MATH,
  ASTRAL_PLACEHOLDER,
  DROP,
  EXPAND,
  EXPANSIONS,
  FOLD,
  SURROGATE,
} from './fold-table.ts'

/**
 * A text after folding: NFKC, lower case, without marks and invisible characters, look-alikes as ASCII letters,
 * traditional Chinese as simplified, runs of white space as one space (or one line feed).
 * Arrays are longer than `length` and are used again by the next fold into the same object.
 */
export type Folded = {
  chars: Uint16Array
  /** Offset in the given text of each folded code unit. */
  map: Int32Array
  length: number
  /** Invisible characters left out: zero width, bidirectional controls, soft hyphens. */
  hidden: number
  /** Tag characters (U+E0020 to U+E007E), decoded in place. */
  tags: number
  /** Variation selectors; more than one after a character can carry bytes. */
  selectors: number
  /** Non-ASCII characters that became ASCII letters. */
  disguised: number
  nonAscii: number
}

export const createFolded = (capacity: number): Folded => ({
  chars: new Uint16Array(capacity),
  map: new Int32Array(capacity),
  length: 0,
  hidden: 0,
  tags: 0,
  selectors: 0,
  disguised: 0,
  nonAscii: 0,
})

/** The part of the table that most text needs, small enough to stay in the fastest cache. */
const ASCII = Uint8Array.from(FOLD.subarray(0, 128))
const SPACE = 32
const LINE_FEED = 10

const grow = (folded: Folded, capacity: number): void => {
  const chars = new Uint16Array(capacity)
  chars.set(folded.chars)
  const map = new Int32Array(capacity)
  map.set(folded.map)
  folded.chars = chars
  folded.map = map
}

const foldAstral = (folded: Folded, point: number): number => {
  if (point >= 0xe0020 && point <= 0xe007e) {
    folded.tags++
    return FOLD[point - 0xe0000] ?? DROP
  }
  if (point >= 0xe0100 && point <= 0xe01ef) {
    folded.selectors++
    return DROP
  }
  if (point >= 0xe0000 && point < 0xe1000) return DROP
  let letter = 0
  if (point >= 0x1d400 && point < 0x1d800) letter = ASTRAL_MATH[point - 0x1d400] ?? 0
  else if (point >= 0x1f100 && point < 0x1f200) letter = ASTRAL_ENCLOSED[point - 0x1f100] ?? 0
  if (letter === 0) return ASTRAL_PLACEHOLDER
  folded.disguised++
  return letter
}

/** Folds `text` into `folded` and returns it. Linear in the length of `text`. */
export const fold = (text: string, folded: Folded): Folded => {
  const size = text.length
  if (folded.chars.length < size) grow(folded, size)
  let { chars, map } = folded
  let out = 0
  let last = 0
  folded.hidden = 0
  folded.tags = 0
  folded.selectors = 0
  folded.disguised = 0
  let nonAscii = 0
  for (let at = 0; at < size; at++) {
    const unit = text.charCodeAt(at)
    let value = unit < 128 ? (ASCII[unit] ?? 0) : (FOLD[unit] ?? DROP)
    const from = at
    if (unit > 127) {
      nonAscii++
      if (value === SURROGATE) {
        const low = text.charCodeAt(at + 1)
        if (unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
          at++
          value = foldAstral(folded, (unit - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000)
          if (value === DROP) continue
        } else value = ASTRAL_PLACEHOLDER
      } else if (value === EXPAND) {
        const expansion = EXPANSIONS.get(unit) ?? ''
        if (chars.length < out + expansion.length + size - at) {
          grow(folded, chars.length + Math.max(1024, expansion.length * (size - at)))
          chars = folded.chars
          map = folded.map
        }
        for (let index = 0; index < expansion.length; index++) {
          chars[out] = FOLD[expansion.charCodeAt(index)] ?? SPACE
          map[out++] = from
        }
        last = 0
        continue
      } else if (value === DROP) {
        if (unit >= 0xfe00 && unit <= 0xfe0f) folded.selectors++
        else folded.hidden++
        continue
      } else if (value < 128 && value > 96) folded.disguised++
    }
    if (value === SPACE || value === LINE_FEED) {
      if (last === SPACE || last === LINE_FEED) {
        if (value === LINE_FEED) chars[out - 1] = LINE_FEED
        continue
      }
    }
    chars[out] = value
    map[out++] = from
    last = value
  }
  folded.length = out
  folded.nonAscii = nonAscii
  return folded
}

const decoder = new TextDecoder('utf-16le')

/** The folded text as a string, for tests, reports and the regular expressions of users. */
export const foldedText = (folded: Folded, start = 0, end = folded.length): string =>
  decoder.decode(folded.chars.subarray(start, end))
