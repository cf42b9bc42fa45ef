import type { Alignment } from './align.ts'
import { type Block, roleAt } from './blocks.ts'
import { exchange, MAX_BLOCKS, type Move, movesOf } from './moves.ts'
import type { OrderVerdict } from './order.ts'
import type { Reading, Token } from './read.ts'

/** What the learned last step sees of a pair; the order is that of the weights. */
export const FEATURES = [
  'similarity',
  'tokens',
  'unmatchedShare',
  'substituted',
  'inserted',
  'derived',
  'nameTouched',
  'moves',
  'moveFree',
  'moveBareName',
  'moveBareWord',
  'moveNumber',
  'moveRoleChange',
  'moveSeparated',
  'movedShare',
  'exchange',
  'exchangeStrong',
  'ordered',
  'listed',
  'voice',
  'roleChanges',
  'roleLost',
  'smallWords',
  'separators',
] as const

export type FeatureName = (typeof FEATURES)[number]

export interface Compared {
  a: Reading
  b: Reading
  alignment: Alignment
  blocks: readonly Block[]
  order: OrderVerdict
  similarity: number | undefined
}

/** Features of a pair, each roughly within 0..3. */
export function featuresOf(pair: Compared): Float64Array {
  const { a, b, alignment, blocks, order } = pair
  const total = Math.max(a.tokens.length, b.tokens.length)
  const unmatched = alignment.unmatchedA.length + alignment.unmatchedB.length
  const gaps = gapsOf(pair)
  const moves = blocks.length <= MAX_BLOCKS ? movesOf(a, b, blocks) : []
  const seats = order === 'listed' ? 0 : strongestExchange(pair, moves)
  const roles = roleChanges(pair)
  const values: Record<FeatureName, number> = {
    similarity: ((pair.similarity ?? 0.98) - 0.98) * 50,
    tokens: Math.log2(total) / 3,
    unmatchedShare: (unmatched / (a.tokens.length + b.tokens.length)) * 5,
    substituted: cap(gaps.substituted),
    inserted: cap(gaps.inserted),
    derived: cap(gaps.derived),
    nameTouched: cap(gaps.names),
    moves: blocks.length > MAX_BLOCKS ? 4 : cap(moves.length),
    moveFree: cap(moves.filter((move) => move.roleA !== undefined && move.roleA === move.roleB).length),
    moveBareName: cap(moves.filter((move) => bare(move) && move.kind === 'name').length),
    moveBareWord: cap(
      moves.filter((move) => bare(move) && (move.kind === 'word' || move.kind === 'zh')).length,
    ),
    moveNumber: cap(moves.filter((move) => move.kind === 'number' || move.kind === 'date').length),
    moveRoleChange: cap(moves.filter((move) => move.roleA !== move.roleB).length),
    moveSeparated: cap(moves.filter((move) => move.separated).length),
    movedShare: (moves.reduce((sum, move) => sum + move.size, 0) / total) * 4,
    exchange: seats,
    exchangeStrong: seats >= 3 ? 1 : 0,
    ordered: order === 'same' ? 1 : 0,
    listed: order === 'listed' ? 1 : 0,
    voice: order === 'voice' ? 1 : 0,
    roleChanges: cap(roles.changed),
    roleLost: cap(roles.lost),
    smallWords: cap(smallWords(pair) / 2),
    separators: cap(Math.abs(separators(a) - separators(b)) / 2),
  }
  return Float64Array.from(FEATURES, (name) => values[name])
}

function cap(count: number): number {
  return Math.min(count, 4)
}

function bare(move: Move): boolean {
  return move.roleA === undefined && move.roleB === undefined
}

function strongestExchange({ a, b, blocks }: Compared, moves: readonly Move[]): number {
  let most = 0
  for (const { block } of moves) {
    for (const other of blocks) {
      if (other === block || block.fromA < other.fromA === block.fromB < other.fromB) continue
      most = Math.max(most, exchange(a, b, block, other))
    }
  }
  return most
}

/** Unmatched tokens between the same matched neighbours stand for each other; the rest were put in. */
function gapsOf({ a, b, alignment }: Compared): {
  substituted: number
  inserted: number
  derived: number
  names: number
} {
  let substituted = 0
  let derived = 0
  let names = 0
  const free = new Set(alignment.unmatchedB)
  for (const i of alignment.unmatchedA) {
    const token = a.tokens[i]
    if (token?.kind === 'name') names++
    const before = alignment.toB[i - 1] ?? -1
    const after = alignment.toB[i + 1] ?? b.tokens.length
    const place = free.has(before + 1) ? before + 1 : free.has(after - 1) ? after - 1 : -1
    if (place < 0) continue
    free.delete(place)
    substituted++
    if (token !== undefined && related(token, b.tokens[place])) derived++
  }
  for (const j of alignment.unmatchedB) if (b.tokens[j]?.kind === 'name') names++
  const total = alignment.unmatchedA.length + alignment.unmatchedB.length
  return { substituted, inserted: total - 2 * substituted, derived, names }
}

/** One stem, by its first letters: "music" and "musical". */
function related(x: Token, y: Token | undefined): boolean {
  if (y === undefined) return false
  const n = Math.min(x.key.length, y.key.length)
  if (n < 4) return false
  let same = 0
  while (same < n && x.key[same] === y.key[same]) same++
  return same >= 4 && same >= n - 2
}

function roleChanges({ a, b, alignment }: Compared): { changed: number; lost: number } {
  let changed = 0
  let lost = 0
  for (let i = 0; i < alignment.toB.length; i++) {
    const j = alignment.toB[i] ?? -1
    if (j < 0) continue
    const x = roleAt(a, i)
    const y = roleAt(b, j)
    if (x === y) continue
    if (x === undefined || y === undefined || x === 'be' || y === 'be') lost++
    else changed++
  }
  return { changed, lost }
}

function smallWords({ a, b }: Compared): number {
  const count = (reading: Reading) => {
    let n = reading.tail.length
    for (const token of reading.tokens) n += token.cue.length
    return n
  }
  return Math.abs(count(a) - count(b))
}

function separators(reading: Reading): number {
  let n = 0
  for (const token of reading.tokens)
    for (const tag of token.cue) if (tag === 'comma' || tag === 'mark' || tag === 'stop') n++
  return n
}
