import type { Squashed } from '../squash.ts'
import type { Derived } from './types.ts'

/** Share of each letter in English prose, in percent (a to z); rounded figures of the common tables. */
const SHARES = [
  8.2, 1.5, 2.8, 4.3, 12.7, 2.2, 2, 6.1, 7, 0.15, 0.8, 4, 2.4, 6.7, 7.5, 1.9, 0.1, 6, 6.3, 9.1, 2.8, 1, 2.4,
  0.15, 2, 0.07,
]
const LOGS = Float64Array.from(SHARES, (share) => Math.log(share / 100))
const ROT13 = 13
const LETTERS = 26
const CHUNK = 120
const MIN_LETTERS = 20
/** Mean log-probability of a letter in English is about -2.87; ciphers of it lie below -3.2. */
const ORDINARY = -3.05
const MARGIN = 0.3
const PLAUSIBLE = -3.15

const counts = new Float64Array(26)

/** Not a shift but the alphabet backwards, a for z; in its own mirror image it is undone. */
const ATBASH = 26

const undone = (letter: number, shift: number): number =>
  shift === ATBASH ? LETTERS - 1 - letter : (letter + shift) % LETTERS

const meanLog = (letters: number, shift: number): number => {
  let sum = 0
  for (let letter = 0; letter < LETTERS; letter++) {
    sum += (counts[letter] ?? 0) * (LOGS[undone(letter, shift)] ?? 0)
  }
  return sum / letters
}

const bestShift = (letters: number): number => {
  const plain = meanLog(letters, 0)
  let best = 0
  // Letters at random come near no language under any shift.
  let highest = Math.max(plain + MARGIN, PLAUSIBLE)
  for (let shift = 1; shift <= ATBASH; shift++) {
    const mean = meanLog(letters, shift)
    if (mean > highest) {
      highest = mean
      best = shift
    }
  }
  return best
}

const shiftText = (text: string, shift: number): string => {
  let out = ''
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const base = unit >= 97 && unit < 123 ? 97 : unit >= 65 && unit < 91 ? 65 : 0
    out += base === 0 ? text[at] : String.fromCharCode(base + undone(unit - base, shift))
  }
  return out
}

const MAX_SHIFTS = 2

/** {@link LOGS} in millionths: sums of integers take half the time. */
const MILLION = 1e6
const MILLIONTHS = Int32Array.from(LOGS, (log) => Math.round(log * MILLION))
const SMALL_A = 97

const countLetters = (chars: Uint16Array, from: number, to: number): void => {
  counts.fill(0)
  for (let at = from; at < to; at++) {
    const letter = (chars[at] ?? 0) - SMALL_A
    if (letter >= 0 && letter < LETTERS) counts[letter] = (counts[letter] ?? 0) + 1
  }
}

/** Texts in which letters are exchanged (rot13, other Caesar ciphers, atbash), by the letters' frequencies. Linear. */
export const findShifted = (text: string, { chars, length }: Squashed, found: Derived[]): void => {
  const shifts = new Set<number>()
  let from = 0
  let letters = 0
  let sum = 0
  for (let at = 0; at < length && shifts.size < MAX_SHIFTS; at++) {
    const letter = (chars[at] ?? 0) - SMALL_A
    if (letter >= 0 && letter < LETTERS) {
      sum = (sum + (MILLIONTHS[letter] ?? 0)) | 0
      letters++
    }
    if (letters < CHUNK && at < length - 1) continue
    if (letters >= MIN_LETTERS && sum <= ORDINARY * MILLION * letters) {
      countLetters(chars, from, at + 1)
      const shift = bestShift(letters)
      if (shift > 0) shifts.add(shift)
    }
    from = at + 1
    letters = 0
    sum = 0
  }
  for (const shift of shifts) {
    const disguise = shift === ROT13 ? 'rot13' : 'caesar'
    found.push({ text: shiftText(text, shift), disguise, start: 0, end: text.length })
  }
}

/** The text backwards, and each word backwards. */
export const reversed = (text: string): Derived[] => {
  const backwards = [...text].reverse().join('')
  const end = text.length
  const words = backwards.split(/(\s+)/).reverse().join('')
  return [
    { text: backwards, disguise: 'reversed', start: 0, end },
    { text: words, disguise: 'reversed', start: 0, end },
  ]
}
