import type { Derived } from './types.ts'

/** Bytes in a row, as UTF-8: %E5, \xe5, 0xe5 and the =E5 of e-mail (two and more, since `a=20` is code). */
const HEX_BYTES =
  /(?:%[0-9a-fA-F]{2}){1,400}|(?:\\x[0-9a-fA-F]{2}){1,400}|(?:0x[0-9a-fA-F]{2}(?![0-9a-fA-F])[ ,;]{0,2}){1,400}|(?:=[0-9A-F]{2}){2,400}/
const OCTAL_BYTES = /(?:\\[0-3][0-7]{2}){2,400}/
const UNITS = /\\u\{?([0-9a-fA-F]{4,6})\}?|%u([0-9a-fA-F]{4})/
const SIGNS = /\\([nrt"'/])/
const ENTITIES = /&#(\d{2,7});?|&#[xX]([0-9a-fA-F]{2,6});?|&(amp|lt|gt|quot|apos|nbsp|Tab|NewLine);?/
const ESCAPE = new RegExp(
  `(${HEX_BYTES.source})|(${OCTAL_BYTES.source})|${UNITS.source}|${SIGNS.source}|${ENTITIES.source}`,
  'g',
)

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  Tab: ' ',
  NewLine: '\n',
  n: '\n',
  r: '\n',
  t: ' ',
}

const MAX_CODE_POINT = 0x10ffff
const utf8 = new TextDecoder('utf-8')

const fromCode = (code: number): string => (code <= MAX_CODE_POINT ? String.fromCodePoint(code) : ' ')

const REPLACEMENT = '\ufffd'
/** Of the characters: a run that begins or ends within one has an odd one at either end. */
const MOST_ODD = 0.2

/** Bytes that are no UTF-8 are taken for Latin-1. */
const textOf = (bytes: Buffer): string => {
  const text = utf8.decode(bytes)
  const odd = text.split(REPLACEMENT).length - 1
  return odd > text.length * MOST_ODD ? bytes.toString('latin1') : text
}

const hexBytes = (run: string): string => textOf(Buffer.from(run.replace(/0x|[^0-9a-fA-F]/g, ''), 'hex'))

const octalBytes = (run: string): string =>
  textOf(
    Buffer.from(
      run
        .slice(1)
        .split('\\')
        .map((code) => Number.parseInt(code, 8)),
    ),
  )

const TWO_MAIL_BYTES = /=[0-9A-F]{2}=[0-9A-F]{2}/

const mayHaveEscapes = (text: string): boolean =>
  text.includes('%') ||
  text.includes('\\') ||
  text.includes('&') ||
  text.includes('0x') ||
  (text.includes('=') && TWO_MAIL_BYTES.test(text))

/** The whole text with percent, backslash, e-mail and HTML escapes undone, where it has any. Linear. */
export const findEscapes = (text: string, found: Derived[]): void => {
  if (!mayHaveEscapes(text)) return
  let count = 0
  const plain = text.replace(
    ESCAPE,
    (
      _: string,
      bytes?: string,
      octal?: string,
      u?: string,
      percentU?: string,
      sign?: string,
      decimal?: string,
      hex?: string,
      name?: string,
    ) => {
      count++
      if (bytes !== undefined) return hexBytes(bytes)
      if (octal !== undefined) return octalBytes(octal)
      const unit = u ?? percentU ?? hex
      if (unit !== undefined) return fromCode(Number.parseInt(unit, 16))
      if (sign !== undefined) return NAMED[sign] ?? sign
      if (decimal !== undefined) return fromCode(Number(decimal))
      return NAMED[name ?? ''] ?? ' '
    },
  )
  if (count > 0 && plain !== text)
    found.push({ text: plain, disguise: 'escapes', start: 0, end: text.length })
}

const FIRST_SELECTOR = 0xfe00
const MIN_SELECTORS = 8

/** Bytes carried by variation selectors (U+FE00 to U+FE0F are 0 to 15, U+E0100 to U+E01EF are 16 to 255). */
export const findSelectors = (text: string, found: Derived[]): void => {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= FIRST_SELECTOR && unit <= FIRST_SELECTOR + 15) bytes.push(unit - FIRST_SELECTOR)
    else if (unit === 0xdb40) {
      const low = text.charCodeAt(at + 1)
      if (low >= 0xdd00 && low <= 0xddef) bytes.push(low - 0xdd00 + 16)
    }
  }
  if (bytes.length < MIN_SELECTORS) return
  const plain = utf8.decode(Uint8Array.from(bytes))
  found.push({ text: plain, disguise: 'selectors', start: 0, end: text.length })
}
