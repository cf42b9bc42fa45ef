import type { Alignment } from './align.ts'
import { type Block, roleAt } from './blocks.ts'
import { exchange } from './moves.ts'
import type { Cue, Reading } from './read.ts'

/** Longer texts are statements with several things in the same role: there an order says who did what. */
const MAX_TOKENS = 10
/** Edges that two blocks share with each other's old place (of four) when they have changed seats. */
const EXCHANGED = 3

/**
 * Whether a short Chinese text with exactly the same words in another order says the same. Topic, time, place and
 * question word stand where they like (微信号怎么修改, 怎么修改微信号); what changes the meaning is two things that take
 * each other's seats (女人喜欢男人), or a word that gets or loses a marker of its role (从, 到, 被, 比).
 */
export function isFreeOrder(a: Reading, b: Reading, alignment: Alignment, blocks: readonly Block[]): boolean {
  if (a.tokens.length > MAX_TOKENS || a.tokens.length !== b.tokens.length) return false
  if (alignment.unmatchedA.length > 0) return false
  for (const [i, j] of alignment.toB.entries()) if (marker(a, i) !== marker(b, j)) return false
  const inverted = blocks.flatMap((x, i) =>
    blocks.slice(i + 1).flatMap((y) => (y.fromB < x.fromB ? [[x, y] as const] : [])),
  )
  return inverted.every(
    ([x, y]) => exchange(a, b, x, y) < EXCHANGED && !blocks.some((z) => isBetween(z, x, y)),
  )
}

/** "X meets Y", "Y meets X": what stood between two inverted blocks still does. */
function isBetween(z: Block, x: Block, y: Block): boolean {
  return x.fromA < z.fromA && z.fromA < y.fromA && y.fromB < z.fromB && z.fromB < x.fromB
}

const UNMARKED: ReadonlySet<Cue | undefined> = new Set<Cue | undefined>([undefined, 'be', 'at', 'of'])

function marker(reading: Reading, at: number): Cue | undefined {
  const role = roleAt(reading, at)
  return UNMARKED.has(role) ? undefined : role
}
