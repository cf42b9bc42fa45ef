import { isPlaceholder, looksRandom } from './secret-shapes.ts'
import type { SecretKind } from './secret-table.ts'

/** A value that its name makes a secret: `DB_PASSWORD=...`, `"client_secret": "..."`, `X-API-Key: ...`, 密码：... */
export type Assigned = { kind: SecretKind; id: string; start: number; end: number }

/** Where an assignment may be: the character between the name and the value. */
export const ASSIGNERS = '=:：是为'

const MAX_NAME = 16

const unitsOf = (chars: string): ReadonlySet<number> =>
  new Set(Array.from(chars, (char) => char.charCodeAt(0)))

/** The last characters of the names below: nearly every other `:` and `=` of a text is told by this one look. */
const LAST_OF_NAME = unitsOf('dDtTyYnNeEgG码令')

const PASSWORD_NAME = /(?:password|passwd|passphrase|pwd|密码|口令)$/i
const KEY_NAME =
  /(?:(?:api|access|secret|account|auth|encryption|signing)[_-]?key|secret|token|(?<![A-Za-z])sig)$/i

const WORD_ASSIGNERS = '是为'
const QUOTES = '"\'`“”‘’'
/** Between a name and what assigns; a backslash is that of a quote of JSON in a string. */
const GAPS = unitsOf(` \t\\${QUOTES}`)
const BEFORE_VALUE = unitsOf(` \t\\${QUOTES}=>:：`)
const MAX_GAP = 5

/** In quotes it goes on to the next one; without, to what ends a value in a URL, a connection string or a sentence. */
const QUOTED_PASSWORD = /[^\s"'`<>\\“”‘’]{6,100}(?=["'`\\”’])/y
const PASSWORD = /[^\s"'`<>\\&;,，。；、“”‘’|]{6,100}/y
const KEY = /[\w.~+/%-]{16,2000}={0,2}/y

/** `user.password`, `getpass()`, `$PASSWORD`, `{{password}}`: where the value will come from, not the value. */
const REFERENCE = /[(){}[\]]|^\$|^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/
const HAS_LETTER = /[A-Za-z]/
const HAS_DIGIT_OR_SIGN = /[\d!@#%^*?~]/

const isPassword = (value: string): boolean =>
  HAS_LETTER.test(value) && HAS_DIGIT_OR_SIGN.test(value) && !REFERENCE.test(value) && !isPlaceholder(value)

const isKey = (value: string): boolean => looksRandom(value) && !REFERENCE.test(value)

/** Past a closing quote and spaces, backwards: where the name ends. */
const endOfName = (text: string, at: number): number => {
  let end = at
  while (end > 0 && at - end < MAX_GAP && GAPS.has(text.charCodeAt(end - 1))) end--
  return end
}

const startOfValue = (text: string, at: number): number => {
  let start = at + 1
  while (start <= at + MAX_GAP && BEFORE_VALUE.has(text.charCodeAt(start))) start++
  return start
}

/** The secret that is assigned at `at`, which is one of {@link ASSIGNERS}. Looks at a bounded stretch around it. */
export const assignmentAt = (
  text: string,
  at: number,
  wanted: ReadonlySet<SecretKind>,
): Assigned | undefined => {
  const end = endOfName(text, at)
  if (!LAST_OF_NAME.has(text.charCodeAt(end - 1))) return undefined
  const name = text.slice(Math.max(0, end - MAX_NAME), end)
  const start = startOfValue(text, at)
  if (wanted.has('password') && PASSWORD_NAME.test(name)) {
    const shape = QUOTES.includes(text[start - 1] ?? '') ? QUOTED_PASSWORD : PASSWORD
    return valueAt(text, start, shape, isPassword, { kind: 'password', id: 'assigned-password' })
  }
  if (WORD_ASSIGNERS.includes(text[at] ?? '')) return undefined
  if (wanted.has('api_key') && KEY_NAME.test(name)) {
    return valueAt(text, start, KEY, isKey, { kind: 'api_key', id: 'assigned-key' })
  }
  return undefined
}

const valueAt = (
  text: string,
  start: number,
  shape: RegExp,
  accepts: (value: string) => boolean,
  type: { kind: SecretKind; id: string },
): Assigned | undefined => {
  shape.lastIndex = start
  const value = shape.exec(text)?.[0]
  if (value === undefined || !accepts(value)) return undefined
  return { ...type, start, end: start + value.length }
}
