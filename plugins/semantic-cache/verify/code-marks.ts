/** A mark that is code rather than punctuation, as it is written at this place; undefined for punctuation. */
export function codeMarkAt(text: string, at: number): string | undefined {
  const before = text.charAt(at - 1)
  const after = text.charAt(at + 1)
  switch (text.charAt(at)) {
    case '|':
      return runAt(text, at)
    case '&':
    case '/':
      return after === text.charAt(at) ? runAt(text, at) : undefined
    case '!':
      return after === '=' || (!/[\p{L}\p{N}"')\]]/u.test(before) && /[A-Za-z0-9_$([!]/.test(after))
        ? '!'
        : undefined
    case '*':
      return isBullet(text, at) || after === '' ? undefined : runAt(text, at)
    case '?':
      return /[(*+\]}]/.test(before) ? '?' : undefined
    case '.':
      return /[*+{|\\]/.test(after) ? '.' : undefined
    case '%':
      // "5 %" is a quantity.
      return /\d\s?$/.test(text.slice(Math.max(0, at - 2), at)) ? undefined : '%'
    case '"':
    case "'":
      return /[([{=]/.test(before) ? '"' : undefined
    case '[':
    case ']':
    case '{':
    case '}':
      return isCodeBracket(text.charAt(at), before, after) ? text.charAt(at) : undefined
    case '\\':
      return '\\'
    default:
      return symbolAt(text, at)
  }
}

/** Beside a name or empty: what stands alone, or after Chinese letters, is a slip. */
function isCodeBracket(mark: string, before: string, after: string): boolean {
  if (/[A-Za-z0-9_$("']/.test(before) || /[A-Za-z0-9_$("']/.test(after)) return true
  return ['[]', '{}'].some((pair) => pair === mark + after || pair === before + mark)
}

/** Signs of mathematics, arrows, emoji and currencies that stand alone, each another. */
function symbolAt(text: string, at: number): string | undefined {
  const sign = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (!/[\p{Sm}\p{So}\p{Sc}]/u.test(sign) || READ_ELSEWHERE.test(sign)) return undefined
  return /\p{Sc}/u.test(sign) && /^\s?\d/.test(text.slice(at + sign.length, at + 4)) ? undefined : sign
}

/** Operators of read.ts, degrees, and what adds nothing. */
const READ_ELSEWHERE = /[+=<>×÷≤≥≠°℃℉©®™|~]/u

/** `|` and `||`, `*` and `**` are different operators. */
function runAt(text: string, at: number): string {
  let end = at + 1
  while (end < text.length && end - at < MAX_RUN && text[end] === text[at]) end++
  return text.slice(at, end)
}

const MAX_RUN = 8

function isBullet(text: string, at: number): boolean {
  return text.charAt(at + 1) === ' ' && /(?:^|\n)\s{0,12}$/.test(text.slice(Math.max(0, at - 13), at))
}

/** Quotes, without those inside words: in code "1" is not 1. */
export function quotesIn(text: string): number {
  let count = 0
  for (const { 0: mark, index } of text.matchAll(/["']/g)) {
    const isInWord =
      mark === "'" && /\p{L}/u.test(text.charAt(index - 1)) && /\p{L}/u.test(text.charAt(index + 1))
    if (!isInWord) count++
  }
  return count
}

/** The spaces before each line that is not empty; "" where no line has any. In Python, or YAML, they are the meaning. */
export function indentation(text: string): string {
  const widths = Array.from(text.matchAll(/^([ \t]*)\S/gm), ([, spaces = '']) => spaces.length)
  // Of a pasted block the first line may have lost its own.
  return widths.slice(1).some((width) => width > 0) ? widths.slice(1).join(',') : ''
}
