const MIN_STRETCH = 12
const MAX_STRETCHES = 64
const utf8 = new TextDecoder('utf-8')

const isTextByte = (byte: number): boolean =>
  (byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9 || byte >= 128

/** Share of replacement characters and controls that a decoded text may have. */
const MAX_ODD_SHARE = 0.1

const isReadable = (text: string): boolean => {
  let odd = 0
  let letters = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0xfffd || (unit >= 128 && unit < 0xa0)) odd++
    else if ((unit | 32) >= 97 && (unit | 32) < 123) letters++
    else if (unit >= 0x400) letters++
  }
  return odd <= text.length * MAX_ODD_SHARE && letters * 2 >= text.length
}

/**
 * Readable text in bytes: stretches of text bytes that are UTF-8 with mostly letters, joined. Empty when there is
 * none, as in images. Linear.
 */
export const readableText = (bytes: Uint8Array): string => {
  const pieces: string[] = []
  let from = 0
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && isTextByte(bytes[at] ?? 0)) continue
    if (at - from >= MIN_STRETCH) {
      const piece = utf8.decode(bytes.subarray(from, at))
      if (isReadable(piece)) pieces.push(piece)
      if (pieces.length >= MAX_STRETCHES) break
    }
    from = at + 1
  }
  return pieces.join('\n')
}
