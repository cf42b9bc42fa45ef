import { LEET } from './confusables.ts'
import { createFolded, type Folded, fold } from './fold.ts'
import { ANCHOR_SIGNS } from './structure-shapes.ts'

/** Classes of folded code units; anything else separates. */
export const LATIN = 1
export const OTHER_LETTER = 2
const DIGIT = 4
const LEET_SIGN = 8
const ANCHOR_SIGN = 16

/** Class of every folded code unit. */
export const CLASS = new Uint8Array(65536)

const LEET_OF = new Uint16Array(128)
const MAX_LEET_DIGITS = 3

for (let unit = 128; unit < 65536; unit++) {
  if (unit >= 0xd800 && unit < 0xf900) continue
  const isCjk = (unit >= 0x3400 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xd7a4)
  if (isCjk || /^[\p{L}\p{N}]$/u.test(String.fromCharCode(unit))) CLASS[unit] = OTHER_LETTER
}
for (let unit = 97; unit < 123; unit++) CLASS[unit] = LATIN
for (let unit = 48; unit < 58; unit++) CLASS[unit] = DIGIT
for (const [sign, letter] of Object.entries(LEET)) {
  const unit = sign.charCodeAt(0)
  if (unit >= 128) continue
  LEET_OF[unit] = letter.charCodeAt(0)
  if (CLASS[unit] === 0) CLASS[unit] = LEET_SIGN
}
for (const sign of ANCHOR_SIGNS) {
  const unit = sign.charCodeAt(0)
  CLASS[unit] = (CLASS[unit] ?? 0) | ANCHOR_SIGN
}

/**
 * The letters and digits of a folded text without what stands between them, digits and signs inside words read as
 * letters: what stays of a phrase however it is spaced out, punctuated or spelt in leet.
 */
export type Squashed = {
  chars: Uint16Array
  /** Index in the folded text of each letter. */
  at: Int32Array
  length: number
  /** Words in which digits or signs stand for letters, at most for half of them; hexadecimal ids are none. */
  leetWords: number
  /** Letters that stand alone in a run of at least four such letters. */
  loneLetters: number
  /** Whether any of {@link ANCHOR_SIGNS} stands in the text. */
  hasAnchorSigns: boolean
}

export const createSquashed = (capacity: number): Squashed => ({
  chars: new Uint16Array(capacity),
  at: new Int32Array(capacity),
  length: 0,
  leetWords: 0,
  loneLetters: 0,
  hasAnchorSigns: false,
})

const MIN_LONE_RUN = 4
const LAST_HEX_LETTER = 102
const AT_SIGN = 64
const DOLLAR = 36

/** Whether a word has letters beyond `f`: hexadecimal ids ("3f2a9c1e") have digits in words as leet has. */
const isNoHex = (chars: Uint16Array, end: number, size: number): boolean => {
  for (let at = end - size; at < end; at++) {
    const unit = chars[at] ?? 0
    if (unit > LAST_HEX_LETTER && CLASS[unit] === LATIN) return true
  }
  return false
}

const lettersBefore = (chars: Uint16Array, index: number): number => {
  let from = index
  while (from > 0 && CLASS[chars[from - 1] ?? 0] === LATIN) from--
  return index - from
}

/** Squashes `folded` into `squashed` and returns it. Linear. */
export const squash = (folded: Folded, squashed: Squashed): Squashed => {
  const { chars, length } = folded
  if (squashed.chars.length < length) {
    squashed.chars = new Uint16Array(length)
    squashed.at = new Int32Array(length)
  }
  const classes = CLASS // a local: V8 looks exports up at each use
  const letters = squashed.chars
  const at = squashed.at
  let out = 0
  let leetWords = 0
  let wordLength = 0
  let leetInWord = 0
  let lone = 0
  let run = 0
  // 1 where the code unit before is a letter of a word, and where it is not that word's first.
  let inWord = 0
  let inLongWord = 0
  let present = 0
  for (let index = 0; index < length; index++) {
    const unit = chars[index] ?? 0
    const cls = classes[unit] ?? 0
    present |= cls
    if ((cls & (DIGIT | LEET_SIGN)) === 0) {
      // Without branches: no processor can guess where words end, and each wrong guess costs it some 20 steps.
      letters[out] = unit
      at[out] = index
      const isLatin = cls & LATIN
      const isOther = isLatin ^ 1
      out += isLatin | ((cls & OTHER_LETTER) >> 1)
      const endsLongWord = isOther & inLongWord
      if (run >= MIN_LONE_RUN) lone += run & (0 - endsLongWord)
      run = (run + (isOther & (inWord ^ inLongWord))) & (endsLongWord - 1)
      inLongWord = isLatin & inWord
      inWord = isLatin
      if (leetInWord > 0) {
        if (isLatin === 1) wordLength++
        else {
          if (leetInWord * 2 <= wordLength && isNoHex(chars, index, wordLength)) leetWords++
          leetInWord = 0
        }
      }
      continue
    }
    let stop = index + 1
    while (stop < length && stop - index <= MAX_LEET_DIGITS) {
      if (((classes[chars[stop] ?? 0] ?? 0) & (DIGIT | LEET_SIGN)) === 0) break
      stop++
    }
    const isBefore = inWord === 1
    const isAfter = stop < length && ((classes[chars[stop] ?? 0] ?? 0) & LATIN) !== 0
    const isShort = stop - index <= MAX_LEET_DIGITS
    // A sign is a letter only between letters ("p@ss"); a digit also at either end of a word ("1gnore").
    const reads =
      (cls & DIGIT) !== 0
        ? isShort && (isBefore || isAfter)
        : isShort && isAfter && (isBefore || unit === AT_SIGN || unit === DOLLAR)
    if (reads) {
      if (leetInWord === 0) wordLength = lettersBefore(chars, index)
      for (; index < stop; index++) {
        present |= classes[chars[index] ?? 0] ?? 0
        letters[out] = LEET_OF[chars[index] ?? 0] || (chars[index] ?? 0)
        at[out++] = index
        wordLength++
        leetInWord++
      }
      index--
      inWord = 1
      inLongWord = wordLength > 1 ? 1 : 0
      continue
    }
    if ((cls & DIGIT) !== 0) {
      letters[out] = unit
      at[out++] = index
    }
    inWord = 0
    inLongWord = 0
    leetInWord = 0
    run = 0
  }
  if (inWord > inLongWord) run++
  if (run >= MIN_LONE_RUN) lone += run
  if (leetInWord > 0 && leetInWord * 2 <= wordLength && isNoHex(chars, length, wordLength)) leetWords++
  squashed.length = out
  squashed.leetWords = leetWords
  squashed.loneLetters = lone
  squashed.hasAnchorSigns = (present & ANCHOR_SIGN) !== 0
  return squashed
}

/** Folds and squashes a phrase of the tables, as the texts are. */
export const squashPhrase = (phrase: string): { folded: Folded; squashed: Squashed } => {
  const folded = fold(phrase, createFolded(phrase.length + 16))
  return { folded, squashed: squash(folded, createSquashed(folded.length)) }
}
