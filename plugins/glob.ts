export type TextTest = (text: string) => boolean

/** A glob of `*` (any text) and `?` (one character), for the whole text. Linear time but for many stars. */
export function compileGlob(glob: string): TextTest {
  if (glob === '*') return () => true
  if (!/[*?]/.test(glob)) return (text) => text === glob
  const prefix = glob.slice(0, -1)
  if (glob.endsWith('*') && !/[*?]/.test(prefix)) return (text) => text.startsWith(prefix)
  return (text) => matches(glob, text)
}

/** True when any of the globs matches. Names without wildcards cost one look-up together. */
export function compileGlobs(globs: readonly string[]): TextTest {
  const exact = new Set(globs.filter(isLiteral))
  const patterns = globs.filter((glob) => !isLiteral(glob)).map(compileGlob)
  return (text) => exact.has(text) || patterns.some((test) => test(text))
}

export function isLiteral(glob: string): boolean {
  return !/[*?]/.test(glob)
}

/** Goes back to the last star only: no input makes it exponential. */
function matches(glob: string, text: string): boolean {
  let at = 0
  let place = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (glob[place] === '*') {
      star = place++
      resume = at
    } else if (place < glob.length && (glob[place] === '?' || glob[place] === text[at])) {
      place++
      at++
    } else if (star >= 0) {
      place = star + 1
      at = ++resume
    } else {
      return false
    }
  }
  while (glob[place] === '*') place++
  return place === glob.length
}
