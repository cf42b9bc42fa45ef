import type { Alignment } from './align.ts'
import type { Cue, Reading } from './read.ts'

/** A run of matched tokens that stands together, in the same order, in both texts. */
export interface Block {
  fromA: number
  toA: number
  fromB: number
  toB: number
}

/** Blocks in the order of `a`; unmatched tokens are passed over. One block means nothing has moved. */
export function blocksOf(alignment: Alignment): Block[] {
  const { toB, toA } = alignment
  // Rank of each token of b among the matched ones, so that unmatched tokens do not cut a run.
  const rank = new Int32Array(toA.length)
  let matched = 0
  for (let j = 0; j < toA.length; j++) {
    rank[j] = matched
    if ((toA[j] ?? -1) >= 0) matched++
  }
  const blocks: Block[] = []
  let current: Block | undefined
  for (let i = 0; i < toB.length; i++) {
    const j = toB[i] ?? -1
    if (j < 0) continue
    if (current !== undefined && rank[j] === (rank[current.toB] ?? 0) + 1) {
      current.toA = i
      current.toB = j
      continue
    }
    current = { fromA: i, toA: i, fromB: j, toB: j }
    blocks.push(current)
  }
  return blocks
}

/** Function tags that say which role the following phrase plays. */
const ROLES: ReadonlySet<Cue> = new Set([
  'from',
  'to',
  'by',
  'with',
  'for',
  'of',
  'as',
  'than',
  'at',
  'via',
  'be',
])

/** The role of the phrase that starts at a token: the last preposition before it, or `be`, or nothing. */
export function roleAt(reading: Reading, at: number): Cue | undefined {
  const cue = reading.tokens[at]?.cue ?? []
  for (let i = cue.length - 1; i >= 0; i--) {
    const tag = cue[i]
    if (tag !== undefined && ROLES.has(tag)) return tag
  }
  return undefined
}

const SEPARATORS: ReadonlySet<Cue> = new Set(['and', 'or', 'comma', 'mark', 'stop'])

/** Whether a comma, a stop, "and" or a clause word stands right before a token. */
export function separatedAt(reading: Reading, at: number): boolean {
  const cue = at < reading.tokens.length ? (reading.tokens[at]?.cue ?? []) : reading.tail
  return at === 0 || at >= reading.tokens.length || cue.some((tag) => SEPARATORS.has(tag))
}
