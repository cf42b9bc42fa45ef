import { type Block, roleAt } from './blocks.ts'
import type { Cue, Reading } from './read.ts'

/** Words that tie the items of one list to those of another, or to an order in time. */
const TIES: ReadonlySet<string> = new Set([
  'respectively',
  'respectiv',
  '分别',
  '依次',
  'first',
  'before',
  'after',
  'later',
  'o:1',
  'o:2',
])

/** Whether the blocks are items of one list ("A, B and C") that only changed places. */
export function isList(
  a: Reading,
  b: Reading,
  regionA: readonly Block[],
  regionB: readonly Block[],
): boolean {
  if (regionA.some((block) => hasTie(a, block))) return false
  if (a.tokens.some((token) => TIES.has(token.key) && /respect|分别|依次/.test(token.key))) return false
  const first = regionA[0]
  if (first === undefined) return false
  // "Rosemead, Monrovia" is a place within a place.
  if (regionA.length === 2 && !(joined(a, regionA[1]?.fromA) && joined(b, regionB[1]?.fromB))) return false
  return (
    regionA.every((block, i) => i === 0 || isItem(a, block.fromA)) &&
    regionB.every((block, i) => i === 0 || isItem(b, block.fromB)) &&
    regionA.every((block) => isPlain(a, block.fromA, block.toA) && isPlain(b, block.fromB, block.toB)) &&
    regionA.every((block) => isNamed(a, b, block) === isNamed(a, b, first))
  )
}

function joined(reading: Reading, at: number | undefined): boolean {
  const cue = at === undefined ? [] : (reading.tokens[at]?.cue ?? [])
  // ", and" between two things starts a new clause; only longer lists have it between items.
  return (cue.includes('and') || cue.includes('or')) && !cue.includes('comma')
}

const BETWEEN_ITEMS: ReadonlySet<Cue> = new Set(['and', 'or', 'comma', 'skip'])

/** After a comma or "and", and after nothing else: "then", a bracket or a preposition make it something else. */
function isItem(reading: Reading, at: number): boolean {
  const cue = reading.tokens[at]?.cue ?? []
  return cue.some((tag) => tag !== 'skip') && cue.every((tag) => BETWEEN_ITEMS.has(tag))
}

/** No item within the item and no phrase of its own. */
function isPlain(reading: Reading, from: number, to: number): boolean {
  for (let i = from + 1; i <= to; i++) {
    const cue = reading.tokens[i]?.cue ?? []
    if (roleAt(reading, i) !== undefined || cue.some((tag) => tag !== 'skip')) return false
  }
  return true
}

function hasTie(reading: Reading, block: Block): boolean {
  for (let i = block.fromA; i <= block.toA; i++) if (TIES.has(reading.tokens[i]?.key ?? '')) return true
  return false
}

/** The first word of a sentence shows only in the other text whether it is a name. */
function isNamed(a: Reading, b: Reading, block: Block): boolean {
  return a.tokens[block.fromA]?.kind === 'name' || b.tokens[block.fromB]?.kind === 'name'
}
