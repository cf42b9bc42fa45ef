/** A model or provider pattern: `*` stands for any run of characters, everything else for itself, case ignored. */
export interface Glob {
  readonly isExact: boolean
  /** Characters other than `*`: the more, the more specific. */
  readonly literalLength: number
  /** The name must be in lower case. */
  matches(name: string): boolean
}

/** Matches in time linear in the name: each literal part is sought once, left to right. */
export function compileGlob(pattern: string): Glob {
  const parts = pattern.toLowerCase().split('*')
  const [first = '', ...rest] = parts
  const last = rest.pop()
  return {
    isExact: last === undefined,
    literalLength: parts.reduce((sum, part) => sum + part.length, 0),
    matches(text) {
      if (last === undefined) return text === first
      if (!text.startsWith(first)) return false
      let at = first.length
      for (const part of rest) {
        const found = text.indexOf(part, at)
        if (found < 0) return false
        at = found + part.length
      }
      return text.length - last.length >= at && text.endsWith(last)
    },
  }
}
