import { type Block, roleAt, separatedAt } from './blocks.ts'
import type { Cue, Reading, TokenKind } from './read.ts'

/** How one block that left the common order did so. */
export interface Move {
  block: Block
  size: number
  /** The weightiest kind of token in it. */
  kind: TokenKind
  /** Preposition before and after, undefined for none. */
  roleA: Cue | undefined
  roleB: Cue | undefined
  /** Both texts set it off by a comma, "and" or their edge. */
  separated: boolean
}

/** More blocks than this are no paraphrase that rules can follow. */
export const MAX_BLOCKS = 24

/** The blocks outside the heaviest common order; at most MAX_BLOCKS blocks may be given. */
export function movesOf(a: Reading, b: Reading, blocks: readonly Block[]): Move[] {
  const kept = heaviestOrder(blocks, (block) => weightOf(a, b, block))
  return blocks
    .filter((block) => !kept.has(block))
    .map((block) => ({
      block,
      size: block.toA - block.fromA + 1,
      kind: weightiest(a, block),
      roleA: roleAt(a, block.fromA),
      roleB: roleAt(b, block.fromB),
      separated: separatedAt(a, block.fromA) && separatedAt(b, block.fromB),
    }))
}

/** Increasing subsequence in `b` with the most tokens; quadratic in a bounded number of blocks. */
function heaviestOrder(blocks: readonly Block[], weight: (block: Block) => number): Set<Block> {
  const best: number[] = []
  const from: number[] = []
  let last = -1
  for (const [i, block] of blocks.entries()) {
    best[i] = weight(block)
    from[i] = -1
    for (let k = 0; k < i; k++) {
      const before = blocks[k]
      if (before === undefined || before.fromB > block.fromB) continue
      const sum = (best[k] ?? 0) + weight(block)
      if (sum > (best[i] ?? 0)) {
        best[i] = sum
        from[i] = k
      }
    }
    if (last < 0 || (best[i] ?? 0) > (best[last] ?? 0)) last = i
  }
  const kept = new Set<Block>()
  for (let i = last; i >= 0; i = from[i] ?? -1) {
    const block = blocks[i]
    if (block !== undefined) kept.add(block)
  }
  return kept
}

/** A phrase that keeps its preposition, a date or an adverb moves more readily than a bare word. */
function weightOf(a: Reading, b: Reading, block: Block): number {
  const size = block.toA - block.fromA + 1
  const role = roleAt(a, block.fromA)
  const token = a.tokens[block.fromA]
  const mobile =
    (role !== undefined && role !== 'be' && role === roleAt(b, block.fromB)) ||
    token?.kind === 'date' ||
    token?.kind === 'number' ||
    (size === 1 && /..ly$/.test(token?.key ?? ''))
  return mobile ? Math.min(size * 0.55, 0.85 + size * 0.02) : size
}

const RANK: readonly TokenKind[] = ['name', 'id', 'url', 'number', 'date', 'negation', 'word', 'zh']

function weightiest(reading: Reading, block: Block): TokenKind {
  let rank = RANK.length - 1
  for (let i = block.fromA; i <= block.toA; i++) {
    const place = RANK.indexOf(reading.tokens[i]?.kind ?? 'zh')
    if (place < rank) rank = place
  }
  return RANK[rank] ?? 'word'
}

/**
 * How strongly two blocks look as if each had taken the other's seat: of the four edges (left and right of
 * each), how many are the same word or preposition as at the other block's old place.
 */
export function exchange(a: Reading, b: Reading, x: Block, y: Block): number {
  return (
    Number(left(a, x.fromA) === left(b, y.fromB)) +
    Number(right(a, x.toA) === right(b, y.toB)) +
    Number(left(a, y.fromA) === left(b, x.fromB)) +
    Number(right(a, y.toA) === right(b, x.toB))
  )
}

function left(reading: Reading, at: number): string {
  const cue = (reading.tokens[at]?.cue ?? []).filter((tag) => tag !== 'skip')
  return cue.at(-1) ?? reading.tokens[at - 1]?.key ?? '^'
}

function right(reading: Reading, at: number): string {
  const next = reading.tokens[at + 1]
  const cue = (next === undefined ? reading.tail : next.cue).filter((tag) => tag !== 'skip')
  return cue[0] ?? next?.key ?? '$'
}
