import { isBankCard, isIpv4, isMainlandId, isMainlandMobile } from './checksums.ts'
import { SECRET_KINDS, type SecretKind, TOKENS, type TokenRow } from './secret-table.ts'

export type SecretSpan = { kind: SecretKind; id: string; start: number; end: number }

/** What is looked for when nothing is said: everything but addresses of machines. */
export const DEFAULT_SECRET_KINDS: readonly SecretKind[] = SECRET_KINDS.filter((kind) => kind !== 'ipv4')

const ROWS_BY_FIRST = new Map<number, TokenRow[]>()
for (const row of TOKENS) {
  const first = row.prefix.charCodeAt(0)
  ROWS_BY_FIRST.set(first, [...(ROWS_BY_FIRST.get(first) ?? []), row])
}

const NOTHING = 0
const WORD = 1
const DIGIT = 2
const AT = 4
const TOKEN_START = 8
const HYPHEN = 45
const SPACE = 32
/** Groups of digits in a row that start nothing known: after these the row is a table, not a number. */
const MAX_FAILURES = 8

const TRAITS = new Uint8Array(65536)
for (let unit = 48; unit < 58; unit++) TRAITS[unit] = WORD | DIGIT
for (let unit = 0xff10; unit < 0xff1a; unit++) TRAITS[unit] = WORD | DIGIT
for (let unit = 65; unit < 91; unit++) TRAITS[unit] = WORD | (TRAITS[unit + 32] ?? 0)
for (let unit = 97; unit < 123; unit++) TRAITS[unit] = WORD
TRAITS[95] = WORD
TRAITS[64] = AT
for (const unit of ROWS_BY_FIRST.keys()) TRAITS[unit] = (TRAITS[unit] ?? 0) | TOKEN_START

const traitsAt = (text: string, at: number): number =>
  at >= 0 && at < text.length ? (TRAITS[text.charCodeAt(at)] ?? NOTHING) : NOTHING

const tokenAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  for (const row of ROWS_BY_FIRST.get(text.charCodeAt(at)) ?? []) {
    if (!wanted.has(row.kind) || !text.startsWith(row.prefix, at)) continue
    row.shape.lastIndex = at
    const match = row.shape.exec(text)
    if (match) return { kind: row.kind, id: row.id, start: at, end: at + match[0].length }
  }
  return undefined
}

const MAX_NUMBER_SPAN = 32
const MAX_DIGITS = 19
const MIN_DIGITS = 11

const DOTTED = /^\d+(?:\.\d+){3}/

/** The check character of an identity number that is no digit, also at full width. */
const CHECK_X = 'XxＸｘ'

type NumberRun = { digits: string; ends: number[] }

/** Digits from `at` on, single spaces and hyphens between them skipped; bounded. */
const readNumber = (text: string, at: number): NumberRun => {
  let digits = ''
  const ends: number[] = []
  const limit = Math.min(text.length, at + MAX_NUMBER_SPAN)
  for (let index = at; index < limit; index++) {
    const unit = text.charCodeAt(index)
    if (((TRAITS[unit] ?? 0) & DIGIT) !== 0) {
      digits += String.fromCharCode(unit >= 0xff10 ? unit - 0xff10 + 48 : unit)
      ends.push(index + 1)
    } else if ((unit === SPACE || unit === HYPHEN) && (traitsAt(text, index + 1) & DIGIT) !== 0) continue
    else break
  }
  return { digits, ends }
}

/** The number that the first `size` digits are, where a known kind of number is `size` digits long. */
const numberOf = (
  text: string,
  at: number,
  run: NumberRun,
  size: number,
  wanted: ReadonlySet<SecretKind>,
): SecretSpan | undefined => {
  const end = run.ends[size - 1] ?? at
  const digits = run.digits.slice(0, size)
  const next = text[end]
  const tail = size === 17 && next !== undefined && CHECK_X.includes(next) ? 'X' : ''
  if ((traitsAt(text, end + tail.length) & WORD) !== 0) return undefined
  if (wanted.has('cn_id') && size + tail.length === 18 && isMainlandId(digits + tail)) {
    return { kind: 'cn_id', id: 'cn-id', start: at, end: end + tail.length }
  }
  if (wanted.has('cn_mobile') && (size === 11 || (size === 13 && digits.startsWith('86')))) {
    const start = size === 13 && text[at - 1] === '+' ? at - 1 : at
    if (isMainlandMobile(digits.slice(-11))) return { kind: 'cn_mobile', id: 'cn-mobile', start, end }
  }
  if (wanted.has('bank_card') && isBankCard(digits)) {
    return { kind: 'bank_card', id: 'bank-card', start: at, end }
  }
  return undefined
}

const numberAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  const run = readNumber(text, at)
  for (let size = Math.min(run.digits.length, MAX_DIGITS); size >= MIN_DIGITS; size--) {
    // Groups are not cut: a date or a security code may follow a card number, but not its half.
    if ((traitsAt(text, run.ends[size - 1] ?? at) & DIGIT) !== 0) continue
    const span = numberOf(text, at, run, size, wanted)
    if (span) return span
  }
  if (wanted.has('ipv4')) {
    const dotted = DOTTED.exec(text.slice(at, at + 16))?.[0] ?? ''
    if (isIpv4(dotted)) return { kind: 'ipv4', id: 'ipv4', start: at, end: at + dotted.length }
  }
  return undefined
}

const MAX_LOCAL = 64
const EMAIL_DOMAIN = /@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])/y
const LOCAL_PART = /[\w.%+-]/

const emailAt = (text: string, at: number, floor: number): SecretSpan | undefined => {
  let start = at
  while (start > floor && at - start < MAX_LOCAL && LOCAL_PART.test(text[start - 1] ?? '')) start--
  while (start < at && text[start] === '.') start++
  if (start === at) return undefined
  EMAIL_DOMAIN.lastIndex = at
  const match = EMAIL_DOMAIN.exec(text)
  return match ? { kind: 'email', id: 'email', start, end: at + match[0].length } : undefined
}

/**
 * Looks at the places from `from` to `to` where a secret may start and adds what it finds to `found`; a span may end
 * after `to`. Returns where to go on. Time is linear: every trial is bounded.
 */
export const scanSecrets = (
  text: string,
  from: number,
  to: number,
  wanted: ReadonlySet<SecretKind>,
  found: SecretSpan[],
): number => {
  let at = from
  let failures = 0
  let before = traitsAt(text, from - 1)
  while (at < to) {
    const unit = text.charCodeAt(at)
    const traits = TRAITS[unit] ?? NOTHING
    let span: SecretSpan | undefined
    if ((traits & (DIGIT | AT | TOKEN_START)) !== 0) {
      const isStart = (before & WORD) === 0
      // A hyphen is part of many tokens: a start after it would try the same characters again and again.
      const isTokenStart = (traits & WORD) === 0 || (isStart && text.charCodeAt(at - 1) !== HYPHEN)
      if ((traits & TOKEN_START) !== 0 && isTokenStart) span = tokenAt(text, at, wanted)
      if (!span && (traits & DIGIT) !== 0 && isStart && failures < MAX_FAILURES) {
        span = numberAt(text, at, wanted)
        failures = span ? 0 : failures + 1
      }
      if (!span && (traits & AT) !== 0 && wanted.has('email')) {
        span = emailAt(text, at, found.at(-1)?.end ?? 0)
      }
    }
    if (span) {
      found.push(span)
      at = Math.max(span.end, at + 1)
      before = traitsAt(text, at - 1)
    } else {
      at++
      before = traits
      if ((traits & DIGIT) === 0 && unit !== SPACE && unit !== HYPHEN) failures = 0
    }
  }
  return at
}

/** Secrets and personal data in a text, in order and without overlaps. About 5 ms per megabyte. */
export const findSecrets = (
  text: string,
  kinds: readonly SecretKind[] = DEFAULT_SECRET_KINDS,
): SecretSpan[] => {
  const found: SecretSpan[] = []
  scanSecrets(text, 0, text.length, new Set(kinds), found)
  return found
}

/** The text with each span as `[KIND]`, for example `[EMAIL]`. */
export const maskSecrets = (text: string, spans: readonly SecretSpan[] = findSecrets(text)): string => {
  if (spans.length === 0) return text
  const pieces: string[] = []
  let from = 0
  for (const span of spans) {
    if (span.start < from) continue
    pieces.push(text.slice(from, span.start), `[${span.kind.toUpperCase()}]`)
    from = span.end
  }
  pieces.push(text.slice(from))
  return pieces.join('')
}
