import type { Derived } from './types.ts'

const ESCAPE =
  /(?:%[0-9a-fA-F]{2}){1,400}|\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})|\\([nrt"'/])|0x([0-9a-fA-F]{2})(?![0-9a-fA-F])[ ,;]{0,2}|&#(\d{2,7});?|&#[xX]([0-9a-fA-F]{2,6});?|&(amp|lt|gt|quot|apos|nbsp|Tab|NewLine);?/g

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

const percentText = (run: string): string => utf8.decode(Buffer.from(run.replaceAll('%', ''), 'hex'))

const mayHaveEscapes = (text: string): boolean =>
  text.includes('%') || text.includes('\\') || text.includes('&') || text.includes('0x')

/** The whole text with percent, backslash and HTML escapes undone, where it has any. Linear. */
export const findEscapes = (text: string, found: Derived[]): void => {
  if (!mayHaveEscapes(text)) return
  let count = 0
  const plain = text.replace(
    ESCAPE,
    (
      run: string,
      u?: string,
      x?: string,
      sign?: string,
      zero?: string,
      dec?: string,
      hex?: string,
      name?: string,
    ) => {
      count++
      if (u !== undefined) return fromCode(Number.parseInt(u, 16))
      if (x !== undefined) return fromCode(Number.parseInt(x, 16))
      if (sign !== undefined) return NAMED[sign] ?? sign
      if (zero !== undefined) return fromCode(Number.parseInt(zero, 16))
      if (dec !== undefined) return fromCode(Number(dec))
      if (hex !== undefined) return fromCode(Number.parseInt(hex, 16))
      if (name !== undefined) return NAMED[name] ?? ' '
      return percentText(run)
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
