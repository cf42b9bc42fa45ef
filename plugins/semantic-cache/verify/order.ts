import { type Block, roleAt, separatedAt } from './blocks.ts'
import type { Cue, Reading } from './read.ts'

export type OrderVerdict = 'same' | 'moved' | 'listed' | 'voice' | 'different'

/**
 * Whether the blocks of two texts, in another order, still say the same. Allowed are: items of one list
 * changing places; one phrase that keeps its preposition moving as a whole ("In 1987 X moved" and "X moved in
 * 1987"); active and passive ("A beat B", "B was beaten by A"). Everything else is taken for swapped roles.
 */
export function judgeOrder(a: Reading, b: Reading, blocks: readonly Block[]): OrderVerdict {
  if (blocks.length <= 1) return 'same'
  const inB = [...blocks].sort((x, y) => x.fromB - y.fromB)
  let head = 0
  while (head < blocks.length && blocks[head] === inB[head]) head++
  if (head === blocks.length) return 'same'
  let tail = 0
  while (blocks[blocks.length - 1 - tail] === inB[blocks.length - 1 - tail]) tail++
  const regionA = blocks.slice(head, blocks.length - tail)
  const regionB = inB.slice(head, blocks.length - tail)
  if (isList(a, b, regionA, regionB)) return 'listed'
  if (isVoice(a, b, regionA, regionB)) return 'voice'
  if (regionA.length === 2 && isMovedPhrase(a, b, regionA)) return 'moved'
  return 'different'
}

const ONE_BY_ONE = new Set(['respectively', '分别', 'respectiv'])

function isList(a: Reading, b: Reading, regionA: readonly Block[], regionB: readonly Block[]): boolean {
  if ([...a.tokens, ...b.tokens].some((token) => ONE_BY_ONE.has(token.key))) return false
  return (
    regionA.every((block, i) => i === 0 || isItem(a, block.fromA)) &&
    regionB.every((block, i) => i === 0 || isItem(b, block.fromB)) &&
    regionA.every((block) => !splits(a, block.fromA, block.toA))
  )
}

/** An item starts after a comma or "and" and has no role of its own. */
function isItem(reading: Reading, at: number): boolean {
  return separatedAt(reading, at) && roleAt(reading, at) === undefined
}

function splits(reading: Reading, from: number, to: number): boolean {
  for (let i = from + 1; i <= to; i++) if (separatedAt(reading, i)) return true
  return false
}

function isVoice(a: Reading, b: Reading, regionA: readonly Block[], regionB: readonly Block[]): boolean {
  const [x, verb, y] = regionA
  if (regionA.length !== 3 || x === undefined || verb === undefined || y === undefined) return false
  if (regionB[0] !== y || regionB[1] !== verb || regionB[2] !== x) return false
  const xNow = roleAt(b, x.fromB)
  const xBefore = roleAt(a, x.fromA)
  const yBefore = roleAt(a, y.fromA)
  const yNow = roleAt(b, y.fromB)
  const active = xBefore === undefined && yBefore === undefined && xNow === 'by' && yNow === undefined
  const passive = xBefore === undefined && yBefore === 'by' && xNow === undefined && yNow === undefined
  return (active || passive) && roleAt(a, verb.fromA) !== roleAt(b, verb.fromB)
}

/** Prepositions that make a phrase free to stand elsewhere in its clause. */
const FREE: ReadonlySet<Cue | undefined> = new Set<Cue | undefined>([
  'at',
  'for',
  'via',
  'from',
  'to',
  'with',
  'by',
])

function isMovedPhrase(a: Reading, b: Reading, region: readonly Block[]): boolean {
  const roles = region.map((block) => [roleAt(a, block.fromA), roleAt(b, block.fromB)] as const)
  if (roles.some(([before, now]) => before !== now && !(before === 'be' || now === 'be'))) return false
  const first = roles[0]?.[0]
  const second = roles[1]?.[0]
  if (first === second) return false
  return FREE.has(first) || FREE.has(second)
}
