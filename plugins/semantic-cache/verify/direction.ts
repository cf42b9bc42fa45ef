import type { Alignment } from './align.ts'
import { roleAt } from './blocks.ts'
import type { Cue, Reading } from './read.ts'

/** Roles that must not turn into each other though every content word is the same. */
const CLASHES: ReadonlySet<string> = new Set(
  [
    ['from', 'to'],
    ['by', 'to'],
    ['by', undefined],
    ['by', 'be'],
    ['by', 'at'],
    ['by', 'of'],
    ['by', 'with'],
    ['from', undefined],
    ['from', 'by'],
    ['than', undefined],
    ['than', 'at'],
    ['than', 'to'],
    ['than', 'from'],
    ['from', 'at'],
    ['for', 'from'],
    ['for', 'by'],
    ['with', 'from'],
    ['via', 'to'],
  ].flatMap(([x, y]) => [`${x}|${y}`, `${y}|${x}`]),
)

/** The first matched token whose role clashes between the texts, as "from|to", or undefined. */
export function directionClash(a: Reading, b: Reading, alignment: Alignment): string | undefined {
  for (let i = 0; i < alignment.toB.length; i++) {
    const j = alignment.toB[i] ?? -1
    if (j < 0) continue
    const x: Cue | undefined = roleAt(a, i)
    const y: Cue | undefined = roleAt(b, j)
    if (x === y) continue
    if (a.tokens[i]?.key.startsWith('n:') && isReached(x, y)) return `${x}|${y}`
    if (!CLASHES.has(`${x}|${y}`)) continue
    if (!startsRoute(a, b, alignment, i, j)) return `${x}|${y}`
  }
  return undefined
}

/** "Up to 5", "5"; 降到5元, 降了5元. */
function isReached(x: Cue | undefined, y: Cue | undefined): boolean {
  return (x === 'to' && y === undefined) || (x === undefined && y === 'to')
}

/** "Berlin to Tokyo" needs no "from"; 北京到上海 neither. */
function startsRoute(a: Reading, b: Reading, { toB }: Alignment, i: number, j: number): boolean {
  const isBare = roleAt(a, i) === undefined || roleAt(b, j) === undefined
  if (!isBare || (roleAt(a, i) !== 'from' && roleAt(b, j) !== 'from')) return false
  for (let k = 1; k <= MAX_PLACE && toB[i + k] === j + k; k++) {
    const role = roleAt(a, i + k)
    if (role !== undefined || roleAt(b, j + k) !== undefined)
      return role === 'to' && roleAt(b, j + k) === 'to'
  }
  return false
}

/** Words, or Chinese letters, of the place that one starts from. */
const MAX_PLACE = 6

/** Whether two neighbours are joined otherwise: "A and B", "A or B"; "2 and 5", "2 to 5". */
export function joinClash(a: Reading, b: Reading, { toB }: Alignment): string | undefined {
  for (let i = 1; i < toB.length; i++) {
    const j = toB[i] ?? -1
    if (j < 1 || toB[i - 1] !== j - 1) continue
    const x = joinAt(a, i)
    const y = joinAt(b, j)
    if (x !== undefined && y !== undefined && x !== y) return `${x}|${y}`
  }
  return undefined
}

function joinAt({ tokens }: Reading, i: number): 'and' | 'or' | 'to' | undefined {
  const cue = tokens[i]?.cue ?? []
  const isBetween = tokens[i - 2]?.key === 'between'
  const isRange = tokens[i]?.kind === 'number' && tokens[i - 1]?.kind === 'number'
  if (isRange && (cue.includes('to') || isBetween)) return 'to'
  if (cue.includes('and') === cue.includes('or')) return undefined
  return cue.includes('or') ? 'or' : 'and'
}
