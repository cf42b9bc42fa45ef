import { setImmediate as nextTurn } from 'node:timers/promises'

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
const SLICE_UNITS = 8_192

const UNIT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{N}]+/gu

/**
 * How much of a secret text an answer repeats, by shared runs of words; what `known` already has (the user's own
 * messages) does not count. Case, punctuation and line breaks make no difference. Gives way to the event loop.
 */
export async function overlap(secret: string, answer: string, known = ''): Promise<Overlap> {
  const shingles = new Set(await shinglesOf(secret.slice(0, MAX_SECRET_CHARS)))
  for (const shingle of await shinglesOf(known.slice(-MAX_SECRET_CHARS))) shingles.delete(shingle)
  if (shingles.size === 0) return NONE
  const found = new Set<string>()
  let run = 0
  let longest = 0
  for (const shingle of await shinglesOf(answer)) {
    run = shingles.has(shingle) ? run + 1 : 0
    if (run > 0) found.add(shingle)
    longest = Math.max(longest, run)
  }
  return {
    longestRun: longest === 0 ? 0 : longest + SHINGLE - 1,
    share: found.size / shingles.size,
  }
}

async function shinglesOf(text: string): Promise<string[]> {
  const window: string[] = []
  const shingles: string[] = []
  let units = 0
  for (const [unit] of text.toLowerCase().matchAll(UNIT)) {
    window.push(unit)
    if (window.length > SHINGLE) window.shift()
    if (window.length === SHINGLE) shingles.push(window.join(' '))
    if (++units % SLICE_UNITS === 0) await nextTurn()
  }
  return shingles
}
