import type { Alignment } from './align.ts'
import { lemma } from './lemma.ts'
import { areOpposite, canonical } from './lexicon/tables.ts'
import type { Reading, Token } from './read.ts'
import { isDroppable, shareAnyMeaning } from './substitution.ts'

/** Places of the words of one text that nothing at the same place of the other stands for, and that add something. */
export interface Unexplained {
  readonly inA: readonly number[]
  readonly inB: readonly number[]
}

/** `undefined` when more words differ than are worth pairing: the texts are no paraphrases that words could tell. */
export function unexplained(a: Reading, b: Reading, alignment: Alignment): Unexplained | undefined {
  const { unmatchedA, unmatchedB } = alignment
  if (unmatchedA.length + unmatchedB.length > MAX_DIFFERENT) return undefined
  const open = new Set(unmatchedB.filter((j) => !saysLittle(b.tokens[j])))
  const inA: number[] = []
  for (const { ofA, ofB } of placesOf(alignment)) {
    for (const i of ofA) {
      const found = ofB.find((j) => open.has(j) && standsFor(a.tokens[i], b.tokens[j]))
      if (found !== undefined) open.delete(found)
      else if (!saysLittle(a.tokens[i])) inA.push(i)
    }
  }
  return { inA, inB: [...open] }
}

/** Verbs and owners that hardly say anything beside what they stand with: "used to (make) change", "(his) own". */
const LIGHT: ReadonlySet<string> = new Set(
  'contain make get take carry his her approximately'.split(' ').map((word) => canonical(lemma(word))),
)

/** Whether a word adds next to nothing to what it stands with. */
export function saysLittle(word: Token | undefined): boolean {
  return isDroppable(word) || (word !== undefined && LIGHT.has(word.key))
}

/** Bounds the pairing, which is quadratic. */
const MAX_DIFFERENT = 12

function standsFor(x: Token | undefined, y: Token | undefined): boolean {
  if (x === undefined || y === undefined || areOpposite(x.key, y.key)) return false
  return shareAnyMeaning(x.key, y.key) || sameRoot(x.key, y.key)
}

/** Letters at the beginning that two forms of one word share (product, production), as a share of the longer. */
const ROOT = 0.6
const ROOT_LETTERS = 4

function sameRoot(x: string, y: string): boolean {
  let same = 0
  while (same < x.length && x[same] === y[same]) same++
  return same >= ROOT_LETTERS && same >= ROOT * Math.max(x.length, y.length)
}

/** Words of both texts between the same matched neighbours, or beside one of them. */
interface Place {
  readonly ofA: readonly number[]
  readonly ofB: readonly number[]
}

/** A place for each run of unmatched words of `a`; runs of `b` that face none are left out. */
function placesOf({ toA, toB, unmatchedA }: Alignment): Place[] {
  const places: Place[] = []
  for (let n = 0; n < unmatchedA.length; ) {
    const from = unmatchedA[n] ?? 0
    let to = from
    while (toB[to] === -1) to++
    n += to - from
    const after = from === 0 ? 0 : (toB[from - 1] ?? 0) + 1
    const before = (to === toB.length ? toA.length : (toB[to] ?? 0)) - 1
    places.push({
      ofA: unmatchedA.slice(n - (to - from), n),
      ofB: toA[after] === -1 ? run(toA, after, 1) : run(toA, before, -1),
    })
  }
  return places
}

function run(toA: Int32Array, from: number, step: 1 | -1): number[] {
  const places: number[] = []
  for (let j = from; toA[j] === -1; j += step) places.push(j)
  return places
}
