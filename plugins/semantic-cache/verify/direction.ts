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
  ].flatMap(([x, y]) => [`${x}|${y}`, `${y}|${x}`]),
)

/** The first matched token whose role clashes between the texts, as "from|to", or undefined. */
export function directionClash(a: Reading, b: Reading, alignment: Alignment): string | undefined {
  for (let i = 0; i < alignment.toB.length; i++) {
    const j = alignment.toB[i] ?? -1
    if (j < 0) continue
    const x: Cue | undefined = roleAt(a, i)
    const y: Cue | undefined = roleAt(b, j)
    if (x !== y && CLASHES.has(`${x}|${y}`)) return `${x}|${y}`
  }
  return undefined
}
