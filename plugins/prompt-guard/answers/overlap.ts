import { every } from '../turns.ts'

export interface Overlap {
  /** Longest run of the answer that stands so in the secret, in units: a word, or a Chinese, Japanese or Korean character. */
  readonly longestRun: number
  /** 0 to 1: how much of the secret the answer has. */
  readonly share: number
}

const NONE: Overlap = { longestRun: 0, share: 0 }

/** Units of one shingle. Fewer meet by chance, more miss a text with some words changed. */
const SHINGLE = 6
const MAX_SECRET_CHARS = 65_536
/** Units that are read at one go: about two milliseconds. */
const SLICE_UNITS = 2_048

const UNIT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{N}]+/gu

/**
 * How much of a secret text an answer repeats, by shared runs of words; what `known` already has (the user's own
 * messages) does not count. Case, punctuation and line breaks make no difference. Gives way to the event loop.
 */
export async function overlap(secret: string, answer: string, known = ''): Promise<Overlap> {
  const shingles = new Set<string>()
  await eachShingle(secret.slice(0, MAX_SECRET_CHARS), (shingle) => shingles.add(shingle))
  const repeated = await repeatedOf(shingles, answer)
  // Most answers repeat nothing: then `known`, the longest of the three in a conversation, need not be read.
  if (repeated.share === 0 || known === '') return repeated
  await eachShingle(known.slice(-MAX_SECRET_CHARS), (shingle) => shingles.delete(shingle))
  return repeatedOf(shingles, answer)
}

async function repeatedOf(shingles: ReadonlySet<string>, answer: string): Promise<Overlap> {
  if (shingles.size === 0) return NONE
  const found = new Set<string>()
  let run = 0
  let longest = 0
  await eachShingle(answer, (shingle) => {
    run = shingles.has(shingle) ? run + 1 : 0
    if (run > 0) found.add(shingle)
    longest = Math.max(longest, run)
  })
  return {
    longestRun: longest === 0 ? 0 : longest + SHINGLE - 1,
    share: found.size / shingles.size,
  }
}

/** `visit` looks at a shingle in the turn in which it is made: to keep those of a long answer would take a turn of its own. */
async function eachShingle(text: string, visit: (shingle: string) => void): Promise<void> {
  const window: string[] = []
  const pause = every(SLICE_UNITS)
  for (const [unit] of text.toLowerCase().matchAll(UNIT)) {
    window.push(unit)
    if (window.length > SHINGLE) window.shift()
    if (window.length === SHINGLE) visit(window.join(' '))
    const turn = pause()
    if (turn) await turn
  }
}
