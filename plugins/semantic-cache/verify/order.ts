import { type Block, roleAt } from './blocks.ts'
import { QUALIFIERS } from './lexicon/qualifiers.ts'
import { canonical } from './lexicon/tables.ts'
import { isList } from './lists.ts'
import { exchange, MAX_BLOCKS, type Move, movesOf } from './moves.ts'
import type { Cue, Reading, Token } from './read.ts'

export type OrderVerdict = 'same' | 'moved' | 'listed' | 'voice' | 'different'

/** A paraphrase moves a phrase or two; more is a rewrite that rules cannot follow. */
const MAX_MOVES = 2

/**
 * Whether the blocks of two texts, in another order, still say the same. Allowed are: items of one list
 * changing places; active and passive ("A beat B", "B was beaten by A"); phrases that keep their preposition,
 * dates and adverbs moving as a whole ("In 1987 X moved", "X moved in 1987"); "values of the table" and "table
 * values". Everything else is taken for swapped roles.
 */
export function judgeOrder(a: Reading, b: Reading, blocks: readonly Block[]): OrderVerdict {
  if (blocks.length <= 1) return 'same'
  if (blocks.length > MAX_BLOCKS) return 'different'
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
  if (isInstrument(a, b, regionA) || isGenericPassive(a, b, regionA)) return 'voice'
  if (isPossessive(a, b, regionA) || isFronted(a, b, regionA)) return 'moved'
  const moves = movesOf(a, b, blocks)
  if (moves.length > MAX_MOVES) return 'different'
  return moves.every((move) => isFree(a, b, move, blocks)) ? 'moved' : 'different'
}

function isVoice(a: Reading, b: Reading, regionA: readonly Block[], regionB: readonly Block[]): boolean {
  const [x, verb, y] = regionA
  if (regionA.length !== 3 || x === undefined || verb === undefined || y === undefined) return false
  if (regionB[0] !== y || regionB[1] !== verb || regionB[2] !== x) return false
  if (roleAt(a, x.fromA) !== undefined || roleAt(b, y.fromB) !== undefined) return false
  const yBefore = roleAt(a, y.fromA)
  const xNow = roleAt(b, x.fromB)
  const turned = (yBefore === undefined && xNow === 'by') || (yBefore === 'by' && xNow === undefined)
  return turned && roleAt(a, verb.fromA) !== roleAt(b, verb.fromB)
}

/** "the values of the table" and "the table('s) values": two blocks change places, one losing its "of". */
function isPossessive(a: Reading, b: Reading, region: readonly Block[]): boolean {
  const [x, y] = region
  if (region.length !== 2 || x === undefined || y === undefined) return false
  const apposed = a.tokens[y.fromA]?.cue.includes('comma') || b.tokens[x.fromB]?.cue.includes('comma')
  if (apposed) return false
  const xNow = roleAt(b, x.fromB)
  const yBefore = roleAt(a, y.fromA)
  if (yBefore === 'of')
    return x.fromA === x.toA && adjacent(b, x.fromB) && sameRole(roleAt(b, y.fromB), roleAt(a, x.fromA))
  if (xNow === 'of')
    return y.fromB === y.toB && adjacent(a, y.fromA) && sameRole(roleAt(a, x.fromA), roleAt(b, y.fromB))
  return false
}

const MEANS: ReadonlySet<Cue | undefined> = new Set<Cue | undefined>(['via', 'with'])
const ENDS: ReadonlySet<Cue | undefined> = new Set<Cue | undefined>(['to', 'for'])

/** "list files with fs.ls" and "fs.ls lists files", "use fs.ls to list files". */
function isInstrument(a: Reading, b: Reading, region: readonly Block[]): boolean {
  const [x, y] = region
  if (region.length !== 2 || x === undefined || y === undefined) return false
  const [xA, xB, yA, yB] = [roleAt(a, x.fromA), roleAt(b, x.fromB), roleAt(a, y.fromA), roleAt(b, y.fromB)]
  return (
    (xA === undefined && ENDS.has(xB) && MEANS.has(yA) && (yB === undefined || yB === 'via')) ||
    (yB === undefined && ENDS.has(yA) && MEANS.has(xB) && (xA === undefined || xA === 'via'))
  )
}

/** "You can load a table" and "a table can be loaded": a verb that begins its text has no subject to swap. */
function isGenericPassive(a: Reading, b: Reading, region: readonly Block[]): boolean {
  const [x, y] = region
  if (region.length !== 2 || x === undefined || y === undefined || x.fromA !== 0 || y.fromB !== 0)
    return false
  const [xA, xB, yA, yB] = [roleAt(a, x.fromA), roleAt(b, x.fromB), roleAt(a, y.fromA), roleAt(b, y.fromB)]
  if (xA !== undefined || yB !== undefined) return false
  return (
    (xB === 'be' && yA === undefined && x.fromA === x.toA) ||
    (yA === 'be' && xB === undefined && y.fromA === y.toA)
  )
}

/** Chinese puts the object or subject before or after the question word: 怎么加盟顺丰, 顺丰怎么加盟. */
function isFronted(a: Reading, b: Reading, region: readonly Block[]): boolean {
  const [x, y] = region
  if (region.length !== 2 || x === undefined || y === undefined) return false
  const asks = [x, y].filter((block) => FRONTED.has(a.tokens[block.fromA]?.key ?? ''))
  const bare = region.every(
    (block) => roleAt(a, block.fromA) === undefined && roleAt(b, block.fromB) === undefined,
  )
  if (asks.length === 1 && bare) return true
  // 什么是X, X是什么: nothing else is said.
  const whole = region.length === 2 && x.fromA === 0 && y.toA === a.tokens.length - 1
  return (
    whole && bare && region.some(({ fromA, toA }) => fromA === toA && a.tokens[fromA]?.key === 'ask:what')
  )
}

const FRONTED: ReadonlySet<string> = new Set(['ask:how', 'ask:why', 'ask:when', 'ask:where', 'ask:how_many'])

/** "What does X mean" has no "be" where "what is the meaning of X" has one. */
function sameRole(x: Cue | undefined, y: Cue | undefined): boolean {
  return (x === 'be' ? undefined : x) === (y === 'be' ? undefined : y)
}

/** Nothing but an article or a possessive stands before the token. */
function adjacent(reading: Reading, at: number): boolean {
  return (reading.tokens[at]?.cue ?? []).every((tag) => tag === 'skip' || tag === 'be')
}

/** Prepositions whose phrase may stand anywhere in its clause. */
const FREE: ReadonlySet<Cue | undefined> = new Set<Cue | undefined>([
  'at',
  'for',
  'via',
  'from',
  'to',
  'with',
  'by',
  'as',
])

/** What a phrase must not pass: past it the phrase belongs to another clause. */
const BORDERS: ReadonlySet<Cue> = new Set(['clause', 'stop', 'and'])

function isFree(a: Reading, b: Reading, move: Move, blocks: readonly Block[]): boolean {
  const { block, roleA, roleB } = move
  const time = isTime(a, block)
  const adverb = isAdverb(a, block)
  if (isTypeNoun(a, b, block, blocks)) return true
  // The only date of a text goes with all of it, wherever it stands.
  const onlyTime =
    time && timesOutside(a, block.fromA, block.toA) + timesOutside(b, block.fromB, block.toB) === 0
  const free = roleA === roleB && FREE.has(roleA)
  if (!adverb && !isPhrase(a, block)) return false
  const loose = time && (roleA === undefined || roleA === 'at') && (roleB === undefined || roleB === 'at')
  if (!free && !loose && !adverb) return false
  for (const other of blocks) {
    if (other === block || block.fromA < other.fromA === block.fromB < other.fromB) continue
    if (!sameRole(roleAt(a, other.fromA), roleAt(b, other.fromB))) return false
    const alike = isTime(a, other) === time
    if (alike && exchange(a, b, block, other) >= 3) return false
    // "in Paris ... in London": the passed phrase could have taken the seat.
    if (!adverb && alike && hasRole(a, other, roleA)) return false
    if (onlyTime) continue
    if (
      passesBorder(a, other.fromA, other.toA, block.fromA) ||
      passesBorder(b, other.fromB, other.toB, block.fromB)
    ) {
      return false
    }
  }
  return true
}

/** Whether a phrase within the block has the role; of words without one the first speaks for the block. */
function hasRole(reading: Reading, { fromA, toA }: Block, role: Cue | undefined): boolean {
  const last = role === undefined ? fromA : toA
  for (let i = fromA; i <= last; i++) if (roleAt(reading, i) === role) return true
  return false
}

/** Whether a border lies between a phrase at `at` and what it passed, on either side of the latter. */
function passesBorder(reading: Reading, from: number, to: number, at: number): boolean {
  const ahead = at < from
  for (let i = ahead ? from : from + 1; i <= to; i++) if (isBorder(reading, i)) return true
  return !ahead && isBorder(reading, at)
}

function isBorder(reading: Reading, at: number): boolean {
  return reading.tokens[at]?.cue.some((tag) => BORDERS.has(tag)) ?? false
}

/** One phrase: nothing in it starts a clause or a further item with a role of its own. */
function isPhrase(reading: Reading, block: Block): boolean {
  for (let i = block.fromA + 1; i <= block.toA; i++) {
    const cue = reading.tokens[i]?.cue ?? []
    if (cue.includes('clause') || cue.includes('stop')) return false
    if (cue.includes('comma') && roleAt(reading, i) !== undefined) return false
  }
  return true
}

function every(reading: Reading, block: Block, test: (token: Token) => boolean): boolean {
  for (let i = block.fromA; i <= block.toA; i++) {
    const token = reading.tokens[i]
    if (token === undefined || !test(token)) return false
  }
  return true
}

function isTime(a: Reading, block: Block): boolean {
  return every(
    a,
    block,
    (token) => token.kind === 'number' || token.kind === 'date' || TIME_WORDS.has(token.key),
  )
}

const TIME_WORDS: ReadonlySet<string> = new Set([
  'year',
  'early',
  'late',
  'century',
  'season',
  'age',
  '年',
  '月',
  '日',
  '年代',
])

function timesOutside(reading: Reading, from: number, to: number): number {
  return reading.tokens.filter(
    (token, i) => (i < from || i > to) && (token.kind === 'number' || token.kind === 'date'),
  ).length
}

/** "the River Thames", "the Thames River"; "the class Dataset", "the Dataset class". */
function isTypeNoun(a: Reading, b: Reading, block: Block, blocks: readonly Block[]): boolean {
  const passed = blocks.filter(
    (other) => other !== block && block.fromA < other.fromA !== block.fromB < other.fromB,
  )
  const [name] = passed
  if (passed.length !== 1 || name === undefined) return false
  const [noun, other] = isNoun(a, block) ? [block, name] : [name, block]
  if (!isNoun(a, noun) || other.toA - other.fromA > 2) return false
  const laterA = Math.max(block.fromA, name.fromA)
  const laterB = Math.max(block.fromB, name.fromB)
  return [...(a.tokens[laterA]?.cue ?? []), ...(b.tokens[laterB]?.cue ?? [])].every(
    (tag) => tag === 'skip' || tag === 'of',
  )
}

function isNoun(a: Reading, { fromA, toA }: Block): boolean {
  return fromA === toA && TYPE_NOUNS.has(a.tokens[fromA]?.key ?? '')
}

const TYPE_NOUNS: ReadonlySet<string> = new Set(
  `river lake mountain mount island bay county province state region district canton municipality parish city town
  village street school university college station railway company newspaper magazine album song film book novel
  mine term section class method function command parameter argument option flag file folder directory tabl
  column packag modul library model dataset plugin variabl field key typ servic server`
    .split(/\s+/)
    .map(canonical),
)

/** In a short text "only" and its like say of what they are said: only admins can edit, admins can only edit. */
function isAdverb(a: Reading, block: Block): boolean {
  const isShort = a.tokens.length <= SHORT_TEXT
  return every(
    a,
    block,
    ({ kind, key }) =>
      kind === 'word' && (/..ly$/.test(key) || ADVERBS.has(key)) && !(isShort && QUALIFIERS.has(key)),
  )
}

const SHORT_TEXT = 10

const ADVERBS: ReadonlySet<string> = new Set([
  'previously',
  'then',
  'formerly',
  'currently',
  'finally',
  'again',
  'later',
  'often',
  'today',
  'online',
])
