/** The value at an RFC 6901 pointer, undefined where there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const token of tokensOf(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
    value = (value as Record<string, unknown>)[token]
  }
  return value
}

export function isPointer(text: string): boolean {
  return text === '' || /^(?:\/(?:[^~/]|~[01])*)+$/.test(text)
}

function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}
