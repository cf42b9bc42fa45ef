import { RE2JS } from 're2js'

/** A pattern that a user wrote: a regular expression in RE2 syntax, matched anywhere, without regard to case. */
export type UserPattern = { readonly source: string; readonly regex: RE2JS }

/** `instructions`: of all their programs, which the time of a search grows with. */
export type UserPatterns = { readonly patterns: readonly UserPattern[]; readonly instructions: number }

export type UserPatternError = { pattern: string; index: number; reason: string }

/**
 * Limits that keep one search of one pattern in a slice of text (4,608 characters) below the time the event loop may
 * stall. The work of RE2 is at most instructions times length of text: measured over patterns that are made to be slow,
 * up to 20 ns each on a busy machine, so 14 ms. A limit on instructions accepts the same patterns everywhere, which a
 * trial by the clock does not.
 */
export const USER_PATTERN_LIMITS = {
  patterns: 256,
  characters: 1000,
  instructions: 150,
} as const

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const compileOne = (source: string): RE2JS => {
  if (source.length === 0) throw new Error('empty pattern')
  if (source.length > USER_PATTERN_LIMITS.characters) {
    throw new Error(`longer than ${USER_PATTERN_LIMITS.characters} characters`)
  }
  const regex = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL)
  const size = regex.programSize()
  if (size > USER_PATTERN_LIMITS.instructions) {
    throw new Error(
      `compiles to ${size} instructions, ${USER_PATTERN_LIMITS.instructions} are allowed: shorten its repetitions`,
    )
  }
  if (regex.test('')) throw new Error('matches the empty text, and so every request')
  return regex
}

/**
 * Compiles the allow or deny patterns of a conf. All must be good: otherwise the reasons, one for each bad pattern.
 * RE2 matches in linear time; what it cannot do so (look-around, back references) it refuses.
 */
export const compileUserPatterns = (
  list: readonly string[],
): { ok: true; patterns: UserPatterns } | { ok: false; errors: UserPatternError[] } => {
  const patterns: UserPattern[] = []
  const errors: UserPatternError[] = []
  if (list.length > USER_PATTERN_LIMITS.patterns) {
    const reason = `${list.length} patterns, ${USER_PATTERN_LIMITS.patterns} are allowed`
    return { ok: false, errors: [{ pattern: '', index: USER_PATTERN_LIMITS.patterns, reason }] }
  }
  list.forEach((source, index) => {
    try {
      patterns.push({ source, regex: compileOne(source) })
    } catch (error) {
      errors.push({ pattern: source, index, reason: reasonOf(error) })
    }
  })
  if (errors.length > 0) return { ok: false, errors }
  const instructions = patterns.reduce((sum, { regex }) => sum + regex.programSize(), 0)
  return { ok: true, patterns: { patterns, instructions } }
}

/** First place of a pattern in a text, or undefined. Yields between searches, since each may take its time. */
export function* findUserPattern(
  pattern: UserPattern,
  text: string,
): Generator<void, { start: number; end: number } | undefined, void> {
  if (!pattern.regex.test(text)) return undefined
  yield
  const matcher = pattern.regex.matcher(text)
  return matcher.find() ? { start: matcher.start(), end: matcher.end() } : undefined
}

/**
 * Looking for the next match may read to the end of the text each time, so matching again and again is quadratic for
 * patterns such as `.*z|a`. What comes after this many matches of a slice is judged like any text.
 */
const MAX_ALLOWED_MATCHES = 32

/**
 * The text with the matches of the allow patterns as spaces: offsets stay, what is allowed is not judged. Yields between
 * searches.
 */
export function* blankAllowed(allow: UserPatterns, text: string): Generator<void, string, void> {
  let out = text
  for (const { regex } of allow.patterns) {
    const isMatch = regex.test(out)
    yield
    if (!isMatch) continue
    const matcher = regex.matcher(out)
    const pieces: string[] = []
    let from = 0
    for (let matches = 0; matches < MAX_ALLOWED_MATCHES; matches++) {
      yield
      if (!matcher.find()) break
      const start = matcher.start()
      const end = matcher.end()
      if (end <= start) continue
      pieces.push(out.slice(from, start), ' '.repeat(end - start))
      from = end
    }
    pieces.push(out.slice(from))
    out = pieces.join('')
  }
  return out
}
