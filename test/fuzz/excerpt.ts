const MAX_CHARS = 2000

/** The beginning of an input that failed; the seed and the run give all of it again. */
export function excerpt(text: string): string {
  return text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS)}... (${text.length} characters)`
}
