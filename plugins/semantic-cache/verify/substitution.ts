import type { Alignment } from './align.ts'
import { isInflected, lemma } from './lemma.ts'
import { EN_LOOSE, EN_STATED } from './lexicon/en-loose.ts'
import { areOpposite, canonical } from './lexicon/tables.ts'
import { WORDNET_GROUPS, WORDNET_RARE_GROUPS } from './lexicon/wordnet.ts'
import type { Reading, Token } from './read.ts'

/** Word to the numbers of the groups it is in. */
type Thesaurus = ReadonlyMap<string, readonly number[]>

function thesaurusOf(...tables: readonly string[]): Thesaurus {
  const map = new Map<string, number[]>()
  const groups = tables
    .map((table) => table.trim())
    .join('\n')
    .split(/[|\n]/)
  for (const [number, group] of groups.entries()) {
    const words = group.split(' ').filter((word) => !isInflected(word))
    for (const word of new Set(words.map((word) => canonical(lemma(word))))) {
      const list = map.get(word)
      if (list === undefined) map.set(word, [number])
      else list.push(number)
    }
  }
  return map
}

function together(thesaurus: Thesaurus, x: string, y: string): boolean {
  const groups = thesaurus.get(x)
  return groups !== undefined && (thesaurus.get(y)?.some((group) => groups.includes(group)) ?? false)
}

const FREQUENT = thesaurusOf(WORDNET_GROUPS, EN_LOOSE)
const RARE = thesaurusOf(WORDNET_RARE_GROUPS, EN_STATED)

/** Whether two keys share a meaning that is frequent for both. */
export function shareMeaning(x: string, y: string): boolean {
  return together(FREQUENT, x, y)
}

/** Whether they share any meaning, or may stand for each other in a statement. */
export function shareAnyMeaning(x: string, y: string): boolean {
  return together(FREQUENT, x, y) || together(RARE, x, y)
}

/** Words that add nothing by themselves: "(located) in Paris", "what is the best way to", 求助急. */
const DROPPABLE: ReadonlySet<string> = new Set(
  'located he she along currently exactly then way best_way 他 她 一 目前 急 点'
    .split(' ')
    .map((word) => canonical(lemma(word))),
)

/** One word in so many may be replaced; more make another question even if each is a synonym. */
const WORDS_PER_REPLACED = 4
const MAX_REPLACED = 4

/**
 * Whether all that the alignment left over is synonyms in the same place, and words that add nothing. Kinds
 * that must be equal have been checked before.
 */
export function isHarmless(a: Reading, b: Reading, alignment: Alignment): boolean {
  const left = alignment.unmatchedA.filter((i) => !isDroppable(a.tokens[i]))
  const right = alignment.unmatchedB.filter((j) => !isDroppable(b.tokens[j]))
  const most = Math.min(MAX_REPLACED, Math.floor(a.tokens.length / WORDS_PER_REPLACED))
  if (left.length !== right.length || left.length > most) return false
  return left.every(
    (i, n) => isSynonym(a.tokens[i], b.tokens[right[n] ?? -1]) && samePlace(alignment, i, right[n] ?? -1),
  )
}

/** Whether a word adds nothing by itself. */
export function isDroppable(token: Token | undefined): boolean {
  return token !== undefined && DROPPABLE.has(token.key)
}

function isSynonym(x: Token | undefined, y: Token | undefined): boolean {
  if (x === undefined || y === undefined) return false
  return shareMeaning(x.key, y.key) && !areOpposite(x.key, y.key)
}

/** A matched neighbour on either side is the same token, so that the two words fill one place. */
export function samePlace(alignment: Alignment, i: number, j: number): boolean {
  const { toB, toA } = alignment
  const before = i === 0 ? j === 0 : toB[i - 1] === j - 1
  const after = i === toB.length - 1 ? j === toA.length - 1 : toB[i + 1] === j + 1
  return before || after
}
