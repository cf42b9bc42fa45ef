const MAX_CHARS = 2000

/**
 * The beginning of an input that failed; the seed and the run give all of it again. With --test-force-exit the runner of
 * Node 20 waits for ever for the rest of a failure that is longer than a pipe holds.
 */
export function excerpt(text: string): string {
  return text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS)}... (${text.length} characters)`
}
