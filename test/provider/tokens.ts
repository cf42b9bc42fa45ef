/**
 * The provider's token rule, simple enough to compute by hand: a run of ASCII letters, digits and underscores is
 * one token, white space is none, every other character (punctuation, each Chinese character) is one.
 */
export function countTokens(text: string): number {
  let tokens = 0
  let inWord = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isWord(code)) {
      if (!inWord) tokens++
      inWord = true
      continue
    }
    inWord = false
    if (!isSpace(code) && !isLowSurrogate(code)) tokens++
  }
  return tokens
}

/** Cuts a text into its tokens, each with the white space before it; joined they give the text back. */
export function splitTokens(text: string): string[] {
  const tokens: string[] = text.match(/\s*(?:\w+|[^\s\w])/gu) ?? []
  const rest = text.slice(tokens.reduce((length, token) => length + token.length, 0))
  if (rest !== '') tokens.push((tokens.pop() ?? '') + rest)
  return tokens
}

/** Joins tokens into at most `chunks` pieces of nearly equal token counts. Counts stay additive over pieces. */
export function groupTokens(tokens: readonly string[], chunks: number): string[] {
  const count = Math.min(Math.max(1, chunks), tokens.length)
  const pieces: string[] = []
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * tokens.length) / count)
    const to = Math.floor(((i + 1) * tokens.length) / count)
    pieces.push(tokens.slice(from, to).join(''))
  }
  return pieces
}

function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
  )
}

function isSpace(code: number): boolean {
  return code <= 32
    ? code === 32 || (code >= 9 && code <= 13)
    : code > 127 && /\s/.test(String.fromCharCode(code))
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
