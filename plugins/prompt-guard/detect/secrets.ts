import { ASSIGNERS, assignmentAt } from './assignments.ts'
import { isBankCard, isIban, isIpv4, isMainlandId, isMainlandMobile, isOldMainlandId } from './checksums.ts'
import { SECRET_KINDS, type SecretKind, TOKENS, type TokenRow } from './secret-table.ts'

export type SecretSpan = { kind: SecretKind; id: string; start: number; end: number }

/** What is looked for when nothing is said: everything but addresses of machines. */
export const DEFAULT_SECRET_KINDS: readonly SecretKind[] = SECRET_KINDS.filter((kind) => kind !== 'ipv4')

const ASCII_BITS = 7
/**
 * By the first two characters of their prefixes, which are ASCII: nearly every word begins like some token, few go on
 * like one.
 */
const ROWS_BY_START: TokenRow[][] = Array.from({ length: 1 << (2 * ASCII_BITS) })
for (const row of TOKENS) {
  const start = (row.prefix.charCodeAt(0) << ASCII_BITS) | row.prefix.charCodeAt(1)
  ROWS_BY_START[start] = [...(ROWS_BY_START[start] ?? []), row]
}

const NOTHING = 0
const WORD = 1
const DIGIT = 2
const AT = 4
const TOKEN_START = 8
const ASSIGNER = 16
const SEPARATOR = 32
const HYPHEN = 45
/** In names of files it stands between words: `CV_13812345678_2024.pdf`. */
const UNDERSCORE = 95
/** Groups of digits in a row that start nothing known: after these the row is a table, not a number. */
const MAX_FAILURES = 8

const TRAITS = new Uint8Array(65536)
for (let unit = 48; unit < 58; unit++) TRAITS[unit] = WORD | DIGIT
for (let unit = 0xff10; unit < 0xff1a; unit++) TRAITS[unit] = WORD | DIGIT
for (let unit = 65; unit < 91; unit++) TRAITS[unit] = WORD | (TRAITS[unit + 32] ?? 0)
for (let unit = 97; unit < 123; unit++) TRAITS[unit] = WORD
TRAITS[95] = WORD
for (const unit of [0x40, 0xff20]) TRAITS[unit] = AT
// Between groups of digits: spaces and hyphens, also those that cannot break and the wide ones.
for (const unit of [0x20, HYPHEN, 0xa0, 0x2010, 0x2011, 0x2013, 0x3000, 0xff0d]) TRAITS[unit] = SEPARATOR
for (const char of ASSIGNERS) TRAITS[char.charCodeAt(0)] = ASSIGNER
for (const { prefix } of TOKENS) {
  const first = prefix.charCodeAt(0)
  TRAITS[first] = (TRAITS[first] ?? 0) | TOKEN_START
}

const traitsAt = (text: string, at: number): number =>
  at >= 0 && at < text.length ? (TRAITS[text.charCodeAt(at)] ?? NOTHING) : NOTHING

const tokenAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  const second = text.charCodeAt(at + 1)
  const rows =
    second >> ASCII_BITS === 0 ? ROWS_BY_START[(text.charCodeAt(at) << ASCII_BITS) | second] : undefined
  if (rows === undefined) return undefined
  for (const row of rows) {
    if (!wanted.has(row.kind) || !text.startsWith(row.prefix, at)) continue
    row.shape.lastIndex = at
    const match = row.shape.exec(text)
    if (!match) continue
    const [whole, secret = whole] = match
    if (row.accepts && !row.accepts(secret)) continue
    const end = at + whole.length
    return { kind: row.kind, id: row.id, start: end - secret.length, end }
  }
  return undefined
}

const MAX_NUMBER_SPAN = 40
const MAX_DIGITS = 19
const MIN_DIGITS = 11

const DOTTED = /^\d+(?:\.\d+){3}/

/** The check character of an identity number that is no digit, also at full width. */
const CHECK_X = 'XxＸｘ'

/** `groups`: how many digits stand together where digit number i is; a row of small numbers is no card. */
type NumberRun = { digits: string; ends: number[]; groups: number[] }

/** Digits from `at` on, single spaces and hyphens between them skipped; bounded. */
const readNumber = (text: string, at: number): NumberRun => {
  let digits = ''
  const ends: number[] = []
  const groups: number[] = []
  let group = 0
  const limit = Math.min(text.length, at + MAX_NUMBER_SPAN)
  for (let index = at; index < limit; index++) {
    const unit = text.charCodeAt(index)
    const traits = TRAITS[unit] ?? 0
    if ((traits & DIGIT) !== 0) {
      digits += String.fromCharCode(unit >= 0xff10 ? unit - 0xff10 + 48 : unit)
      ends.push(index + 1)
      groups.push(++group)
    } else if ((traits & SEPARATOR) !== 0 && (traitsAt(text, index + 1) & DIGIT) !== 0) group = 0
    else break
  }
  return { digits, ends, groups }
}

/** Sizes of the groups that the first `size` digits are written in. */
const groupsOf = ({ groups }: NumberRun, size: number): number[] => {
  const sizes: number[] = []
  for (let index = 0; index < size; index++) {
    if (index === size - 1 || groups[index + 1] === 1) sizes.push(groups[index] ?? 0)
  }
  return sizes
}

/** Cards are printed in groups of four, five or six, identity numbers in longer ones. */
const MIN_GROUP = 3

/** 138 1234 5678, 138 12345678, 1381234 5678, the country's code before it. `1-800-123-4567` is another country's. */
const MOBILE_GROUPS = /^(?:(?:86|0086),)?(?:11|3,4,4|3,8|7,4)$|^(?:13|15)$/

const isGroupedMobile = (run: NumberRun, size: number): boolean => {
  const sizes = groupsOf(run, size)
  const code = run.digits.slice(0, size - 11)
  if (sizes[0] !== code.length || code === '') return MOBILE_GROUPS.test(sizes.join(','))
  return MOBILE_GROUPS.test([code, ...sizes.slice(1)].join(','))
}

const OLD_ID_WORDS = /(?:身份证|证件号|\bid (?:card|no|number))[^\d]{0,12}$/i
const OLD_ID_CONTEXT = 24

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
  const after = end + tail.length
  if ((traitsAt(text, after) & WORD) !== 0 && text.charCodeAt(after) !== UNDERSCORE) return undefined
  // The start of a number with decimals.
  if (text[after] === '.' && (traitsAt(text, after + 1) & DIGIT) !== 0) return undefined
  const isGrouped = groupsOf(run, size).every((group) => group >= MIN_GROUP)
  if (wanted.has('cn_id') && isGrouped && size + tail.length === 18 && isMainlandId(digits + tail)) {
    return { kind: 'cn_id', id: 'cn-id', start: at, end: after }
  }
  if (
    wanted.has('cn_mobile') &&
    (size === 11 || (/^(?:00)?86/.test(digits) && (size === 13 || size === 15)))
  ) {
    const start = text[at - 1] === '+' ? at - 1 : at
    const isForeign = size === 11 && start < at
    if (!isForeign && isMainlandMobile(digits.slice(-11)) && isGroupedMobile(run, size)) {
      return { kind: 'cn_mobile', id: 'cn-mobile', start, end }
    }
  }
  if (wanted.has('bank_card') && isGrouped && isBankCard(digits)) {
    return { kind: 'bank_card', id: 'bank-card', start: at, end }
  }
  if (wanted.has('cn_id') && size === 15 && groupsOf(run, size).length === 1 && isOldMainlandId(digits)) {
    const before = text.slice(Math.max(0, at - OLD_ID_CONTEXT), at)
    if (OLD_ID_WORDS.test(before)) return { kind: 'cn_id', id: 'cn-id-old', start: at, end }
  }
  return undefined
}

const numberAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  // The decimals of a number are no number.
  if (text[at - 1] === '.' && (traitsAt(text, at - 2) & DIGIT) !== 0) return undefined
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

const IBAN = /[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])/y
/** At the first digit of an international account number, which stands behind the letters of its country. */
const ibanAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  const start = at - 2
  if (!isCapital(text, start) || !isCapital(text, at - 1) || (traitsAt(text, at - 3) & WORD) !== 0) {
    return undefined
  }
  if (!wanted.has('iban')) return undefined
  IBAN.lastIndex = start
  const match = IBAN.exec(text)
  if (!match || !isIban(match[0])) return undefined
  return { kind: 'iban', id: 'iban', start, end: start + match[0].length }
}

const isCapital = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at)
  return unit >= 65 && unit <= 90
}

/** A value whose issuer shows is left: it is reported as such when it is reached. */
const assignedAt = (text: string, at: number, wanted: ReadonlySet<SecretKind>): SecretSpan | undefined => {
  const span = assignmentAt(text, at, wanted)
  return span && !tokenAt(text, span.start, wanted) ? span : undefined
}

const MAX_LOCAL = 64
const EMAIL_DOMAIN =
  /[@＠](?:[0-9A-Za-zÀ-ɏ](?:[0-9A-Za-zÀ-ɏ-]{0,62})\.){1,6}(?:xn--[0-9A-Za-z-]{2,59}|[A-Za-z]{2,24})(?![0-9A-Za-z-])/y
const LOCAL_PART = /[\wÀ-ɏ.%+-]/
/** `icon@2x.png`, `react@18.2.0.tgz`: no top-level domains. */
const FILE_NAME = /\.(?:png|jpe?g|gif|svg|webp|tgz|gz|js|css|json|html|map|tar)$/i

const emailAt = (text: string, at: number, floor: number): SecretSpan | undefined => {
  let start = at
  while (start > floor && at - start < MAX_LOCAL && LOCAL_PART.test(text[start - 1] ?? '')) start--
  while (start < at && text[start] === '.') start++
  if (start === at) return undefined
  EMAIL_DOMAIN.lastIndex = at
  const match = EMAIL_DOMAIN.exec(text)
  if (!match || FILE_NAME.test(match[0])) return undefined
  const end = at + match[0].length
  // `git@github.com:owner/repository` is the address of a repository.
  if (text[end] === ':' && text.slice(start, at) === 'git') return undefined
  return { kind: 'email', id: 'email', start, end }
}

const BACKSLASH = 92
const HEX_ESCAPE = /^\\u[0-9a-fA-F]{4}$/
const SHORT_ESCAPE = /[nrt]/

/** Texts are often JSON in a string: in `\nAKIA...` and `\u624b13812345678` what stands before is an escape, no word. */
const isAfterEscape = (text: string, at: number): boolean =>
  (text.charCodeAt(at - 2) === BACKSLASH && SHORT_ESCAPE.test(text[at - 1] ?? '')) ||
  (text.charCodeAt(at - 6) === BACKSLASH && HEX_ESCAPE.test(text.slice(at - 6, at)))

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
    if ((traits & (DIGIT | TOKEN_START)) !== 0) {
      const isStart = (before & WORD) === 0 || isAfterEscape(text, at)
      // A hyphen is part of many tokens: a start after it would try the same characters again and again.
      const isTokenStart = (traits & WORD) === 0 || (isStart && text.charCodeAt(at - 1) !== HYPHEN)
      if ((traits & TOKEN_START) !== 0 && isTokenStart) span = tokenAt(text, at, wanted)
      if (!span && (traits & DIGIT) !== 0) {
        const isNumberStart = isStart || text.charCodeAt(at - 1) === UNDERSCORE
        if (!isNumberStart) span = ibanAt(text, at, wanted)
        else if (failures < MAX_FAILURES) {
          span = numberAt(text, at, wanted)
          failures = span ? 0 : failures + 1
        }
      }
    }
    if (!span && (traits & AT) !== 0 && wanted.has('email')) {
      span = emailAt(text, at, found.at(-1)?.end ?? 0)
    }
    if (!span && (traits & ASSIGNER) !== 0) span = assignedAt(text, at, wanted)
    if (span) {
      found.push(span)
      at = Math.max(span.end, at + 1)
      before = traitsAt(text, at - 1)
    } else {
      at++
      before = traits
      if ((traits & (DIGIT | SEPARATOR)) === 0) failures = 0
    }
  }
  return at
}

/** Secrets and personal data in a text, in order and without overlaps. About 20 ms per megabyte. */
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
