import type { Folded } from '../fold.ts'
import { readableText } from './printable.ts'
import type { Derived } from './types.ts'

const NONE = 0
const BASE64 = 1
const HEX = 2
const BINARY = 4
const DECIMAL = 8
const GAP = 16
const MORSE = 32

/** Of every code unit, so that none needs a look at its size first. */
const TRAITS = new Uint8Array(65536)
for (const sign of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_') {
  TRAITS[sign.charCodeAt(0)] = BASE64
}
const addTrait = (signs: string, trait: number): void => {
  for (const sign of signs) TRAITS[sign.charCodeAt(0)] = (TRAITS[sign.charCodeAt(0)] ?? NONE) | trait
}
addTrait('0123456789abcdefABCDEF', HEX)
addTrait('0123456789', DECIMAL)
addTrait('01', BINARY)
addTrait(' ,:;\n\t[]()', GAP)
addTrait('.-/ \n', MORSE)

/** A text and its code units. */
type Source = { text: string; units: Uint16Array; size: number }

const traitAt = ({ units, size }: Source, at: number): number =>
  at < size ? (TRAITS[units[at] ?? 0] ?? NONE) : NONE

const MIN_BASE64 = 16
const PHASES = 4

/** Words of prose, paths and identifiers have one case or few changes of it; base64 mixes cases and digits. */
const looksEncoded = ({ units, size }: Source, from: number, to: number): boolean => {
  let upper = 0
  let lower = 0
  let other = 0
  const end = Math.min(to, from + 64, size)
  for (let at = from; at < end; at++) {
    const unit = units[at] ?? 0
    if (unit >= 97) lower++
    else if (unit >= 65 && unit < 91) upper++
    else other++
  }
  return upper > 0 && (lower > 0 || other > 0)
}

const decodeBase64 = (run: string): string => {
  // A run cut at the edge of a slice, or with other letters before it, starts at any of four places.
  for (let phase = 0; phase < PHASES; phase++) {
    const found = readableText(Buffer.from(phase === 0 ? run : run.slice(phase), 'base64'))
    if (found.length * 2 >= (run.length * 3) / 4) return found
    if (phase === 0 && found.length > 0) return found
  }
  return ''
}

const BASE32 = /^[A-Z2-7\s]+$/
const BASE32_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const decodeBase32 = (run: string): string => {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const sign of run.replace(/\s/g, '')) {
    held = ((held << 5) | BASE32_DIGITS.indexOf(sign)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
  }
  return readableText(Uint8Array.from(bytes))
}

/** Where a run ends that goes on in groups of the same length ("SWdub3JlIGFsbCBw cmV2aW91cyBpbnN0"), the last one shorter. */
const endOfGroups = (source: Source, from: number, firstEnd: number): number => {
  const length = firstEnd - from
  if (length % PHASES !== 0) return firstEnd
  let end = firstEnd
  for (;;) {
    const start = end + 1
    let to = start
    while (to < start + length && (traitAt(source, to) & BASE64) !== 0) to++
    const isGap = (traitAt(source, end) & GAP) !== 0 && (traitAt(source, end) & BASE64) === 0
    const isWhole = to === start + length && (traitAt(source, to) & BASE64) === 0
    const isLast = to > start && to < start + length && (traitAt(source, to) & BASE64) === 0
    if (!isGap || !(isWhole || (isLast && end > firstEnd))) return end
    end = to
    if (isLast) return end
  }
}

const findBase64 = (source: Source, found: Derived[]): void => {
  const { text, units, size } = source
  for (let from = 0; from < size; from++) {
    if ((traitAt(source, from) & BASE64) === 0) continue
    let to = from + 1
    while (to < size) {
      if ((traitAt(source, to) & BASE64) !== 0) to++
      else if (
        units[to] === 10 &&
        to - from >= MIN_BASE64 * 2 &&
        (traitAt(source, to + 1) & BASE64) !== 0 &&
        looksEncoded(source, to + 1, to + 33)
      ) {
        to += 2
      } else break
    }
    if (to - from >= MIN_BASE64 && looksEncoded(source, from, to)) {
      to = endOfGroups(source, from, to)
      const run = text.slice(from, to)
      const decoded = decodeBase64(run)
      const fromBase32 = decoded.length === 0 && BASE32.test(run) ? decodeBase32(run) : ''
      let end = to
      while (end < size && end < to + 6 && text[end] === '=') end++
      if (decoded.length > 0) found.push({ text: decoded, disguise: 'base64', start: from, end })
      else if (fromBase32.length > 0) found.push({ text: fromBase32, disguise: 'base32', start: from, end })
    }
    from = to
  }
}

const MIN_NUMBERS = 8

/** Runs of numbers of one base, with spaces and commas between them: character codes. */
const findNumbers = (source: Source, trait: number, found: Derived[]): void => {
  const { text, size } = source
  for (let from = 0; from < size; from++) {
    if ((traitAt(source, from) & trait) === 0) continue
    let to = from
    let gap = 0
    while (to < size) {
      const traits = traitAt(source, to)
      if ((traits & trait) !== 0) gap = 0
      else if ((traits & GAP) !== 0 && gap < 2) gap++
      else break
      to++
    }
    if (to - from >= MIN_NUMBERS * 2) {
      const run = text.slice(from, to)
      const derived = trait === HEX ? hexText(run) : trait === BINARY ? binaryText(run) : decimalText(run)
      const disguise = trait === HEX ? 'hex' : trait === BINARY ? 'binary' : 'char_codes'
      if (derived.length > 0) found.push({ text: derived, disguise, start: from, end: to })
    }
    from = to
  }
}

const hexText = (run: string): string => {
  const digits = run.replace(/[^0-9a-fA-F]/g, '')
  if (digits.length < MIN_NUMBERS * 2) return ''
  return readableText(Buffer.from(digits, 'hex')) || readableText(Buffer.from(digits.slice(1), 'hex'))
}

const binaryText = (run: string): string => {
  const digits = run.replace(/[^01]/g, '')
  const bytes = new Uint8Array(digits.length >> 3)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(digits.slice(at * 8, at * 8 + 8), 2)
  return bytes.length >= MIN_NUMBERS ? readableText(bytes) : ''
}

const decimalText = (run: string): string => {
  const numbers = run.split(/\D+/).filter((part) => part.length > 0)
  if (numbers.length < MIN_NUMBERS) return ''
  let text = ''
  let readable = 0
  for (const number of numbers) {
    const code = number.length <= 5 ? Number(number) : 0
    const isReadable = code === 10 || (code >= 32 && code < 127) || (code >= 0x3000 && code < 0xa000)
    if (isReadable) readable++
    text += isReadable ? String.fromCharCode(code) : ' '
  }
  const letters = text.replace(/[^A-Za-z\u3400-\u9fff]/g, '').length
  return readable >= numbers.length * 0.95 && letters * 2 >= text.length ? text : ''
}

const MORSE_CODES: Readonly<Record<string, string>> = Object.fromEntries(
  'a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s... t- u..- v...- w.-- x-..- y-.-- z--..'
    .split(' ')
    .map((entry) => [entry.slice(1), entry[0] ?? '']),
)
const MIN_MORSE = 24

const findMorse = (source: Source, found: Derived[]): void => {
  const { text, units, size } = source
  for (let from = 0; from < size; from++) {
    const first = units[from]
    if (first !== 46 && first !== 45) continue
    let to = from + 1
    while (to < size && (traitAt(source, to) & MORSE) !== 0) to++
    if (to - from >= MIN_MORSE) {
      const words = text.slice(from, to).split(/ ?[/\n] ?| {2,}/)
      const derived = words
        .map((word) =>
          word
            .split(' ')
            .map((code) => MORSE_CODES[code] ?? '')
            .join(''),
        )
        .join(' ')
      if (derived.length * 6 >= to - from)
        found.push({ text: derived, disguise: 'morse', start: from, end: to })
    }
    from = to
  }
}

/** Lengths of the longest runs of each kind; most texts have none that is long enough to decode. */
const longest = { base64: 0, hex: 0, decimal: 0, binary: 0, morse: 0 }

const measure = ({ units, size }: Source): void => {
  let base64 = 0
  let hex = 0
  let decimal = 0
  let binary = 0
  let morse = 0
  longest.base64 = 0
  longest.hex = 0
  longest.decimal = 0
  longest.binary = 0
  longest.morse = 0
  for (let at = 0; at < size; at++) {
    const traits = TRAITS[units[at] ?? 0] ?? NONE
    if ((traits & BASE64) !== 0) {
      base64++
      if (base64 > longest.base64) longest.base64 = base64
      if ((traits & HEX) !== 0) {
        hex++
        if (hex > longest.hex) longest.hex = hex
        if ((traits & DECIMAL) !== 0) {
          decimal++
          if (decimal > longest.decimal) longest.decimal = decimal
          if ((traits & BINARY) !== 0) {
            binary++
            if (binary > longest.binary) longest.binary = binary
          } else binary = 0
        } else {
          decimal = 0
          binary = 0
        }
      } else {
        hex = 0
        decimal = 0
        binary = 0
      }
    } else {
      base64 = 0
      if ((traits & GAP) === 0) {
        hex = 0
        decimal = 0
        binary = 0
      }
    }
    if ((traits & MORSE) !== 0) {
      morse++
      if (morse > longest.morse) longest.morse = morse
    } else morse = 0
  }
}

/**
 * Whether `least` code units in a row have one of `traits`. Looks at every `least`-th only, and at those before it
 * where it might be the end of such a run: a twelfth of ordinary prose.
 */
const hasRun = ({ units, size }: Source, traits: number, least: number): boolean => {
  for (let at = least - 1; at < size; ) {
    let before = at
    while (before > at - least && ((TRAITS[units[before] ?? 0] ?? NONE) & traits) !== 0) before--
    if (before === at - least) return true
    at = before + least
  }
  return false
}

const MIN_DIGITS = MIN_NUMBERS * 2

/** Payloads in base64, hexadecimal, binary, decimal character codes and Morse code. Linear. */
export const findEncodings = (text: string, { units, size }: Folded, found: Derived[]): void => {
  const source = { text, units, size }
  const mayHide =
    hasRun(source, BASE64, MIN_BASE64) ||
    hasRun(source, HEX | GAP, MIN_DIGITS) ||
    hasRun(source, MORSE, MIN_MORSE)
  if (!mayHide) return
  measure(source)
  if (longest.base64 >= MIN_BASE64) findBase64(source, found)
  if (longest.hex >= MIN_DIGITS) findNumbers(source, HEX, found)
  if (longest.decimal >= MIN_DIGITS) findNumbers(source, DECIMAL, found)
  if (longest.binary >= MIN_NUMBERS * MIN_NUMBERS) findNumbers(source, BINARY, found)
  if (longest.morse >= MIN_MORSE) findMorse(source, found)
}
