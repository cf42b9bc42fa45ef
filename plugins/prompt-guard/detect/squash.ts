import { LEET } from './confusables.ts'
import { createFolded, type Folded, fold } from './fold.ts'

/** Classes of folded code units. */
export const SEPARATOR = 0
export const LATIN = 1
export const DIGIT = 2
export const OTHER_LETTER = 3
export const LEET_SIGN = 4

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
  if (CLASS[unit] === SEPARATOR) CLASS[unit] = LEET_SIGN
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
  /** Words in which digits or signs stand for letters, at most for half of them. */
  leetWords: number
  /** Letters that stand alone in a run of at least four such letters. */
  loneLetters: number
}

export const createSquashed = (capacity: number): Squashed => ({
  chars: new Uint16Array(capacity),
  at: new Int32Array(capacity),
  length: 0,
  leetWords: 0,
  loneLetters: 0,
})

const MIN_LONE_RUN = 4
const AT_SIGN = 64
const DOLLAR = 36

/** Squashes `folded` into `squashed` and returns it. Linear. */
export const squash = (folded: Folded, squashed: Squashed): Squashed => {
  const { chars, length } = folded
  if (squashed.chars.length < length) {
    squashed.chars = new Uint16Array(length)
    squashed.at = new Int32Array(length)
  }
  const letters = squashed.chars
  const at = squashed.at
  let out = 0
  let leetWords = 0
  let lone = 0
  let run = 0
  let wordLength = 0
  let leetInWord = 0
  let before = SEPARATOR
  for (let index = 0; index < length; index++) {
    const unit = chars[index] ?? 0
    const cls = CLASS[unit] ?? SEPARATOR
    if (cls === LATIN) {
      letters[out] = unit
      at[out++] = index
      wordLength++
      before = LATIN
      continue
    }
    if (cls === SEPARATOR || cls === OTHER_LETTER) {
      if (wordLength > 0) {
        if (wordLength === 1) run++
        else {
          if (run >= MIN_LONE_RUN) lone += run
          run = 0
          if (leetInWord > 0 && leetInWord * 2 <= wordLength) leetWords++
        }
        wordLength = 0
        leetInWord = 0
      }
      if (cls === OTHER_LETTER) {
        letters[out] = unit
        at[out++] = index
      }
      before = cls
      continue
    }
    let stop = index + 1
    while (stop < length && stop - index <= MAX_LEET_DIGITS) {
      const next = CLASS[chars[stop] ?? 0]
      if (next !== DIGIT && next !== LEET_SIGN) break
      stop++
    }
    const after = stop < length ? (CLASS[chars[stop] ?? 0] ?? SEPARATOR) : SEPARATOR
    const isShort = stop - index <= MAX_LEET_DIGITS
    // A sign is a letter only between letters ("p@ss"); a digit also at either end of a word ("1gnore").
    const reads =
      cls === DIGIT
        ? isShort && (before === LATIN || after === LATIN)
        : isShort && after === LATIN && (before === LATIN || unit === AT_SIGN || unit === DOLLAR)
    if (reads) {
      for (; index < stop; index++) {
        letters[out] = LEET_OF[chars[index] ?? 0] || (chars[index] ?? 0)
        at[out++] = index
        wordLength++
        leetInWord++
      }
      index--
      before = LATIN
      continue
    }
    if (cls === DIGIT) {
      letters[out] = unit
      at[out++] = index
      before = DIGIT
    } else before = SEPARATOR
    wordLength = 0
    leetInWord = 0
    run = 0
  }
  if (wordLength === 1) run++
  if (wordLength > 1 && leetInWord > 0 && leetInWord * 2 <= wordLength) leetWords++
  if (run >= MIN_LONE_RUN) lone += run
  squashed.length = out
  squashed.leetWords = leetWords
  squashed.loneLetters = lone
  return squashed
}

/** Folds and squashes a phrase of the tables, as the texts are. */
export const squashPhrase = (phrase: string): { folded: Folded; squashed: Squashed } => {
  const folded = fold(phrase, createFolded(phrase.length + 16))
  return { folded, squashed: squash(folded, createSquashed(folded.length)) }
}
