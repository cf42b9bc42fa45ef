/** Query arguments as `ngx.req.get_uri_args(0)` gives them: `true` is a flag argument, repeated ones an array. */
export type ArgValue = string | true
export type UriArgs = Map<string, ArgValue | ArgValue[]>

export interface RequestTarget {
  /** Path and query exactly as the client sent them (`$real_request_uri`). */
  readonly raw: string
  /** `$uri`: percent-decoded, slashes merged, dot segments resolved. A binary string. */
  readonly path: string
  /** `$args`, without the question mark. */
  readonly args: string
  /** `$is_args`. */
  readonly isArgs: '?' | ''
  /** Host of an absolute-form request line. */
  readonly host?: string
}

const NEEDS_NORMALIZING = /[%#]|\/\/|\/\./

/** Parses the request line's target as nginx does; undefined where nginx answers 400. */
export function parseTarget(target: string): RequestTarget | undefined {
  let raw = target
  let host: string | undefined
  if (raw.charCodeAt(0) !== 47) {
    const absolute = raw.match(/^https?:\/\/([^/?#]+)([\s\S]*)$/i)
    if (absolute === null) return undefined
    host = absolute[1]
    raw = absolute[2] ?? ''
    if (!raw.startsWith('/')) raw = `/${raw}`
  }
  const mark = raw.indexOf('?')
  const rawPath = mark === -1 ? raw : raw.slice(0, mark)
  const args = mark === -1 ? '' : raw.slice(mark + 1).replace(/#.*$/, '')
  const path = NEEDS_NORMALIZING.test(rawPath) ? normalizePath(rawPath) : rawPath
  if (path === undefined) return undefined
  const isArgs = mark !== -1 && args !== '' ? '?' : ''
  return { raw, path, args, isArgs, ...(host === undefined ? {} : { host }) }
}

function normalizePath(rawPath: string): string | undefined {
  const cut = rawPath.indexOf('#')
  const encoded = cut === -1 ? rawPath : rawPath.slice(0, cut)
  if (/%(?![0-9a-fA-F]{2})/.test(encoded) || /%00/.test(encoded)) return undefined
  const decoded = percentDecode(encoded)
  const segments: string[] = []
  const parts = decoded.split('/').slice(1)
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1
    if (part === '..') {
      if (segments.length === 0) return undefined
      segments.pop()
    }
    if (part === '' || part === '.' || part === '..') {
      if (last) segments.push('')
      continue
    }
    segments.push(part)
  }
  return `/${segments.join('/')}`
}

function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function percentEncode(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** `core.utils.uri_safe_encode`: ngx_escape_uri of a whole path, so `?` and `%` are escaped too. */
export function escapeUri(path: string): string {
  return path.replace(/[^!$&'()*+,\-./0-9:;=@A-Z[\]_a-z~]/g, percentEncode)
}

/** `core.utils.escape_uri_control_chars`. */
export function escapeControlChars(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.replace(/[\x00-\x1f\x7f]/g, percentEncode)
}

export function decodeArgs(query: string): UriArgs {
  const args: UriArgs = new Map()
  if (query === '') return args
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    const name = decodeArg(equals === -1 ? pair : pair.slice(0, equals))
    if (name === '') continue
    const value = equals === -1 ? true : decodeArg(pair.slice(equals + 1))
    const known = args.get(name)
    if (known === undefined) args.set(name, value)
    else if (Array.isArray(known)) known.push(value)
    else args.set(name, [known, value])
  }
  return args
}

function decodeArg(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/** `ngx.encode_args`. */
export function encodeArgs(args: UriArgs): string {
  const pairs: string[] = []
  for (const [name, value] of args) {
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.push(one === true ? encodeArg(name) : `${encodeArg(name)}=${encodeArg(one)}`)
    }
  }
  return pairs.join('&')
}

function encodeArg(text: string): string {
  return text.replace(/[^0-9A-Za-z\-._~]/g, percentEncode)
}

/** Text from a conf (Unicode) as the bytes that travel: one character per byte. */
export function toBinary(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return Buffer.from(text, 'utf8').toString('latin1')
  }
  return text
}
