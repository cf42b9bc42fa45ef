import { ASTRAL_ALPHABETS, CONFUSABLES } from './confusables.ts'
import { SIMPLIFIED, TRADITIONAL } from './traditional.ts'

/** What {@link FOLD} says of a code unit, where it is not the folded code unit itself. */
export const DROP = 0
export const EXPAND = 1
export const SURROGATE = 2

/** Folded form of every BMP code unit: one code unit, or {@link DROP}, {@link EXPAND} or {@link SURROGATE}. */
export const FOLD = new Uint16Array(65536)

/** Folded forms of several code units, by BMP code unit. */
export const EXPANSIONS = new Map<number, string>()

/** Folded ASCII letter of astral code points 1D400 to 1D7FF and 1F100 to 1F1FF, 0 where there is none. */
export const ASTRAL_MATH = new Uint16Array(0x400)
export const ASTRAL_ENCLOSED = new Uint16Array(0x100)

/** Stands for any other astral character (emoji mostly), so that they neither join nor hide words. */
export const ASTRAL_PLACEHOLDER = 0xe000

/** Folded code units that one code unit may become. */
export const MAX_EXPANSION = 3
const SPACE = 32

type Range = readonly [first: number, last: number]

const COMBINING: readonly Range[] = [
  [0x0300, 0x036f],
  [0x0483, 0x0489],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20ff],
  [0xfe20, 0xfe2f],
]

/** Zero-width characters, bidirectional controls, fillers, soft hyphen, variation selectors. */
const INVISIBLE: readonly Range[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
]

const isIn = (ranges: readonly Range[], unit: number): boolean =>
  ranges.some(([first, last]) => unit >= first && unit <= last)

const withoutMarks = (text: string): string => {
  let out = ''
  for (const one of text) if (!isIn(COMBINING, one.charCodeAt(0))) out += one
  return out
}

const lookalikes = new Map<string, string>()

const compatible = (character: string): string => {
  const stripped = withoutMarks(character.normalize('NFKD')).normalize('NFKC').toLowerCase()
  const bracketed = /^\((.)\)$/.exec(stripped)
  let out = ''
  for (const one of bracketed?.[1] ?? stripped) out += lookalikes.get(one) ?? one
  return withoutMarks(out)
}

const isUnchanged = (unit: number): boolean =>
  (unit >= 0x3400 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xd7a4) || (unit >= 0xe000 && unit < 0xf900)

const foldUnit = (unit: number): number => {
  if (unit >= 0xd800 && unit < 0xe000) return SURROGATE
  if (isUnchanged(unit)) return unit
  const character = String.fromCharCode(unit)
  if (unit === 10 || unit === 13 || unit === 0x2028 || unit === 0x2029 || unit === 0x85) return 10
  if (unit <= SPACE || (unit >= 0x7f && unit <= 0xa0) || /^\s$/.test(character)) return SPACE
  if (isIn(INVISIBLE, unit)) return DROP
  const direct = lookalikes.get(character)
  if (direct) return direct.charCodeAt(0)
  const folded = compatible(character)
  if (folded.length === 0) return DROP
  if (folded.length === 1) return folded.charCodeAt(0)
  if (folded === ' ' || folded.trim().length === 0) return SPACE
  EXPANSIONS.set(unit, folded.trim().slice(0, MAX_EXPANSION))
  return EXPAND
}

const build = (): void => {
  for (const [ascii, likes] of Object.entries(CONFUSABLES)) {
    for (const like of likes) if (!lookalikes.has(like)) lookalikes.set(like, ascii)
  }
  for (let unit = 0; unit < 65536; unit++) FOLD[unit] = foldUnit(unit)
  for (let at = 0; at < TRADITIONAL.length; at++) {
    FOLD[TRADITIONAL.charCodeAt(at)] = SIMPLIFIED.charCodeAt(at)
  }
  for (let at = 0; at < 0x400; at++) {
    const folded = compatible(String.fromCodePoint(0x1d400 + at))
    if (folded.length === 1) ASTRAL_MATH[at] = folded.charCodeAt(0)
  }
  for (const first of ASTRAL_ALPHABETS) {
    for (let letter = 0; letter < 26; letter++) ASTRAL_ENCLOSED[first - 0x1f100 + letter] = 97 + letter
  }
}

build()
