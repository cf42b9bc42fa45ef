const pieceLength = 24
/** So that even a megabyte stays a stream of bounded overhead: each piece costs some 200 bytes of envelope. */
const maxPieces = 400

/** A text in pieces of a few words, as a model would stream it; joined they give it back. Never splits a code point. */
export function* splitText(text: string): Generator<string, void, undefined> {
  const size = Math.max(pieceLength, Math.ceil(text.length / maxPieces))
  let from = 0
  while (from < text.length) {
    const to = pieceEnd(text, from, size)
    yield text.slice(from, to)
    from = to
  }
}

/** After the last space within reach, or where reach ends (a long word, or a script without spaces). */
function pieceEnd(text: string, from: number, size: number): number {
  const end = from + size
  if (end >= text.length) return text.length
  const space = text.lastIndexOf(' ', end - 1)
  if (space > from + size / 2) return space + 1
  const inPair = isSurrogate(text, end - 1, 0xd800) && isSurrogate(text, end, 0xdc00)
  return inPair ? end + 1 : end
}

function isSurrogate(text: string, at: number, first: number): boolean {
  const code = text.charCodeAt(at)
  return code >= first && code < first + 0x400
}
