/** One header line; `lower` is the name as Lua tables and comparisons see it. */
export interface HeaderLine {
  readonly name: string
  readonly lower: string
  value: string
}

const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/

/** OpenResty percent-encodes control characters in headers that Lua sets, so nothing can be injected. */
function safe(text: string): string {
  if (!UNSAFE.test(text)) return text
  return text.replace(
    /[^\t\x20-\x7e\x80-\xff]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/**
 * Headers in the order and case they came, repeated ones included, as nginx keeps them.
 * Values are binary strings: one character per byte.
 */
export class HeaderList {
  lines: HeaderLine[] = []

  static fromRaw(raw: readonly string[]): HeaderList {
    const list = new HeaderList()
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] ?? ''
      list.lines.push({ name, lower: name.toLowerCase(), value: raw[i + 1] ?? '' })
    }
    return list
  }

  get(lower: string): string | undefined {
    for (const line of this.lines) if (line.lower === lower) return line.value
    return undefined
  }

  has(lower: string): boolean {
    return this.get(lower) !== undefined
  }

  /** All values of a name joined as nginx joins `$http_x` and `$sent_http_x`. */
  joined(lower: string): string | undefined {
    let found: string | undefined
    for (const line of this.lines) {
      if (line.lower === lower) found = found === undefined ? line.value : `${found}, ${line.value}`
    }
    return found
  }

  /** Replaces every line of that name; without a value the name disappears (`ngx.header[k] = nil`). */
  set(name: string, value: string | readonly string[] | undefined): void {
    const lower = safe(name).toLowerCase()
    const values = (value === undefined ? [] : typeof value === 'string' ? [value] : value).map(safe)
    const at = this.lines.findIndex((line) => line.lower === lower)
    if (at === -1) {
      for (const one of values) this.lines.push({ name: safe(name), lower, value: one })
      return
    }
    const first = this.lines[at]
    if (first !== undefined && values.length === 1 && values[0] !== undefined) first.value = values[0]
    this.lines = this.lines.filter((line, i) => line.lower !== lower || (i === at && values.length === 1))
    if (values.length > 1) this.lines.splice(at, 0, ...values.map((one) => ({ name, lower, value: one })))
  }

  add(name: string, value: string): void {
    this.lines.push({ name: safe(name), lower: safe(name).toLowerCase(), value: safe(value) })
  }

  delete(lower: string): void {
    if (this.has(lower)) this.lines = this.lines.filter((line) => line.lower !== lower)
  }

  /** `[name, value, name, value ...]` as `node:http` takes it. */
  toRaw(): string[] {
    const raw: string[] = []
    for (const line of this.lines) raw.push(line.name, line.value)
    return raw
  }
}
