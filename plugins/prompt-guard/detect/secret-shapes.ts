/** `<password>`, `${PASSWORD}`, `{{password}}`, `%s`, `****`, `xxxx`, `...`: no secret in any place. */
const BLANK = /^(?:[<${[%]|\*+$|[xX]{3,}$|\.{3})/
/** What documentation writes where a key will be: `your-key-here`, `CHANGE_ME`. */
const STAND_IN =
  /(?:^|[_-])(?:your?|my|replace|change|insert|dummy|placeholder|redacted|goes|here)(?:[_-]|$)|change_?me|^(?:null|none|true|false|undefined|string|required)$/i

/** Keys are drawn from an alphabet: one with so few of its characters was made by a finger that stayed on a key. */
const MIN_DISTINCT = 4

export const isPlaceholder = (secret: string): boolean =>
  BLANK.test(secret) ||
  STAND_IN.test(secret) ||
  (secret.length >= MIN_DISTINCT * 2 && new Set(secret).size < MIN_DISTINCT)

/** A long run without separators and a digit somewhere: CSS classes and words with hyphens have neither. */
export const looksRandom = (secret: string): boolean =>
  /[0-9A-Za-z]{16}/.test(secret) && /\d/.test(secret) && !isPlaceholder(secret)

/** Whether there is a key between the lines that mark one, or they are only being talked about. */
export const isPemBody = (block: string): boolean =>
  /(?:[\r\n]|\\[nr])[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{16}/.test(block)

/** Credentials of HTTP's Basic scheme are base64 of `user:password`. */
export const isBasicCredential = (secret: string): boolean =>
  /^[\x20-\x39\x3b-\x7e]*:[\x20-\x7e]+$/.test(Buffer.from(secret, 'base64').toString('latin1'))

/** The part of a URL before the `@`: not a blank to be filled in, nor a port with a path behind it. */
export const isUrlPassword = (userinfo: string): boolean => {
  const colon = userinfo.indexOf(':')
  const password = userinfo.slice(colon + 1)
  return !BLANK.test(password) && !/^\d{1,5}\//.test(password)
}
