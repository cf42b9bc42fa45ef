import { RE2JS } from 're2js'

/** A pattern that a user wrote: a regular expression in RE2 syntax, matched anywhere, without regard to case. */
export type UserPattern = { readonly source: string; readonly regex: RE2JS }

export type UserPatterns = { readonly patterns: readonly UserPattern[] }

export type UserPatternError = { pattern: string; index: number; reason: string }

/**
 * Limits that keep one pattern on one slice of text below the time the event loop may stall. The work of RE2 is at
 * most instructions times length of text; how much of it a pattern really does, a trial tells, in CPU time of this
 * process: that of its neighbours does not count.
 */
export const USER_PATTERN_LIMITS = {
  patterns: 256,
  characters: 1000,
  instructions: 600,
  trialCpuMs: 15,
} as const

const TRIAL_TEXTS: readonly string[] = [
  'The quick brown fox jumps over 13 lazy dogs, again and again: a@b.example. '.repeat(60),
  '今天天气很好，我们去公园散步，然后回家做饭。'.repeat(190),
  'a'.repeat(4096),
  'ab'.repeat(2048),
].map((text) => text.slice(0, 4096))

/** The pattern's own characters in an order without period, which makes an automaton grow most. */
const shuffled = (characters: string): string => {
  let out = ''
  for (let state = 1; out.length < 4096; ) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    out += characters[(state >>> 8) % characters.length]
  }
  return out
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const TRIALS = 4

/** CPU time of the first text that takes too much each time, or undefined: compilers and collectors run once. */
const slowTrial = (regex: RE2JS, texts: readonly string[], cpuMs: () => number): number | undefined => {
  for (const text of texts) {
    let best = Number.POSITIVE_INFINITY
    for (let trial = 0; trial < TRIALS && best > USER_PATTERN_LIMITS.trialCpuMs; trial++) {
      const from = cpuMs()
      regex.test(text)
      regex.matcher(text).find()
      best = Math.min(best, cpuMs() - from)
    }
    if (best > USER_PATTERN_LIMITS.trialCpuMs) return best
  }
  return undefined
}

const compileOne = (source: string, cpuMs: () => number): RE2JS => {
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
  const own = source.replace(/[\\^$.|?*+()[\]{}]/g, '') || 'a'
  const texts = [...TRIAL_TEXTS, own.repeat(Math.ceil(4096 / own.length)).slice(0, 4096), shuffled(own)]
  const slow = slowTrial(regex, texts, cpuMs)
  if (slow !== undefined) {
    const limit = `${USER_PATTERN_LIMITS.trialCpuMs} are allowed: narrow its repetitions`
    throw new Error(`takes ${slow.toFixed(1)} ms of CPU time on 4 KB of text, ${limit}`)
  }
  return regex
}

/**
 * Compiles the allow or deny patterns of a conf. All must be good: otherwise the reasons, one for each bad pattern.
 * RE2 matches in linear time; what it cannot do so (look-around, back references) it refuses.
 */
export const compileUserPatterns = (
  list: readonly string[],
  cpuMs: () => number = cpuTime,
): { ok: true; patterns: UserPatterns } | { ok: false; errors: UserPatternError[] } => {
  const patterns: UserPattern[] = []
  const errors: UserPatternError[] = []
  if (list.length > USER_PATTERN_LIMITS.patterns) {
    const reason = `${list.length} patterns, ${USER_PATTERN_LIMITS.patterns} are allowed`
    return { ok: false, errors: [{ pattern: '', index: USER_PATTERN_LIMITS.patterns, reason }] }
  }
  list.forEach((source, index) => {
    try {
      patterns.push({ source, regex: compileOne(source, cpuMs) })
    } catch (error) {
      errors.push({ pattern: source, index, reason: reasonOf(error) })
    }
  })
  return errors.length > 0 ? { ok: false, errors } : { ok: true, patterns: { patterns } }
}

/** First place of a pattern in a text, or undefined. */
export const findUserPattern = (
  pattern: UserPattern,
  text: string,
): { start: number; end: number } | undefined => {
  if (!pattern.regex.test(text)) return undefined
  const matcher = pattern.regex.matcher(text)
  return matcher.find() ? { start: matcher.start(), end: matcher.end() } : undefined
}

/**
 * Looking for the next match may read to the end of the text each time, so matching again and again is quadratic for
 * patterns such as `.*z|a`. What comes after this many matches of a slice is judged like any text.
 */
const MAX_ALLOWED_MATCHES = 32

/** The text with the matches of the allow patterns as spaces: offsets stay, what is allowed is not judged. */
export const blankAllowed = (allow: UserPatterns, text: string): string => {
  let out = text
  for (const { regex } of allow.patterns) {
    if (!regex.test(out)) continue
    const matcher = regex.matcher(out)
    const pieces: string[] = []
    let from = 0
    for (let matches = 0; matches < MAX_ALLOWED_MATCHES && matcher.find(); matches++) {
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
