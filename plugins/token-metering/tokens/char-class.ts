/**
 * Character classes that the cl100k_base and o200k_base splitting patterns distinguish, as bit flags.
 * UPPER and LOWER are the two sets of o200k's word pattern, so Lm, Lo and M carry both.
 */
export const UPPER = 1 // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
export const LOWER = 2 // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
export const LETTER = 4 // \p{L}
export const NUMBER = 8 // \p{N}
export const SPACE = 16 // \s without CR and LF
export const NEWLINE = 32 // CR, LF
export const OTHER = 64 // [^\s\p{L}\p{N}], which holds the combining marks too

const PAGE_SIZE = 256
const pages: Uint8Array[] = []

/**
 * The class of one code point. `\s` is Unicode's White_Space as in tiktoken's Rust regex: it has U+0085 and lacks
 * U+FEFF, unlike JavaScript's `\s`.
 */
function classify(codePoint: number): number {
  if (codePoint === 10 || codePoint === 13) return NEWLINE
  const char = String.fromCodePoint(codePoint)
  if (/^\p{L}$/u.test(char)) {
    if (/^[\p{Lu}\p{Lt}]$/u.test(char)) return LETTER | UPPER
    return /^\p{Ll}$/u.test(char) ? LETTER | LOWER : LETTER | UPPER | LOWER
  }
  if (/^\p{M}$/u.test(char)) return OTHER | UPPER | LOWER
  if (/^\p{N}$/u.test(char)) return NUMBER
  return /^\p{White_Space}$/u.test(char) ? SPACE : OTHER
}

function pageAt(index: number): Uint8Array {
  const page = Uint8Array.from({ length: PAGE_SIZE }, (_, i) => classify(index * PAGE_SIZE + i))
  pages[index] = page
  return page
}

const ascii = pageAt(0)
const NON_ASCII = 0x80808080 | 0

/**
 * Writes the class of every byte of `bytes[0, length)` to `classes`; all bytes of one character carry its class.
 * `bytes` must be well-formed UTF-8, which TextEncoder and Buffer guarantee (a lone surrogate becomes U+FFFD).
 */
export function classifyUtf8(bytes: Uint8Array, length: number, classes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  let i = 0
  while (i < length) {
    const lead = bytes[i] ?? 0
    if (lead < 0x80) {
      i = classifyAscii(view, i, classes)
    } else if (lead < 0xe0) {
      const codePoint = ((lead & 0x1f) << 6) | ((bytes[i + 1] ?? 0) & 0x3f)
      const found = (pages[codePoint >> 8] ?? pageAt(codePoint >> 8))[codePoint & 0xff] ?? OTHER
      classes[i] = found
      classes[i + 1] = found
      i += 2
    } else if (lead < 0xf0) {
      const low = (((bytes[i + 1] ?? 0) & 0x3f) << 6) | ((bytes[i + 2] ?? 0) & 0x3f)
      const codePoint = ((lead & 0x0f) << 12) | low
      const found = (pages[codePoint >> 8] ?? pageAt(codePoint >> 8))[codePoint & 0xff] ?? OTHER
      classes[i] = found
      classes[i + 1] = found
      classes[i + 2] = found
      i += 3
    } else {
      const high = ((lead & 0x07) << 18) | (((bytes[i + 1] ?? 0) & 0x3f) << 12)
      const codePoint = high | (((bytes[i + 2] ?? 0) & 0x3f) << 6) | ((bytes[i + 3] ?? 0) & 0x3f)
      const found = (pages[codePoint >> 8] ?? pageAt(codePoint >> 8))[codePoint & 0xff] ?? OTHER
      classes.fill(found, i, i + 4)
      i += 4
    }
  }
}

/** The ASCII characters from `start` on, four at a time, which is twice as fast; gives where it stopped. */
function classifyAscii(view: DataView, start: number, classes: Uint8Array): number {
  let i = start
  for (const last = view.byteLength - 4; i <= last; i += 4) {
    const four = view.getInt32(i, true)
    if (four & NON_ASCII) break
    classes[i] = ascii[four & 0x7f] ?? OTHER
    classes[i + 1] = ascii[(four >> 8) & 0x7f] ?? OTHER
    classes[i + 2] = ascii[(four >> 16) & 0x7f] ?? OTHER
    classes[i + 3] = ascii[four >> 24] ?? OTHER
  }
  for (; i < view.byteLength; i++) {
    const byte = view.getUint8(i)
    if (byte >= 0x80) break
    classes[i] = ascii[byte] ?? OTHER
  }
  return i
}

/** How many bytes the UTF-8 character with this lead byte has. */
export function utf8Length(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}
