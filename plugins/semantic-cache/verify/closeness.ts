import { addsNothing } from './added.ts'
import type { Alignment } from './align.ts'
import { QUALIFIERS } from './lexicon/qualifiers.ts'
import type { OrderVerdict } from './order.ts'
import type { Reading, Token } from './read.ts'
import { samePlace } from './substitution.ts'
import { unexplained } from './unexplained.ts'

/**
 * How near two embeddings are, as a share of the way from the route's threshold (0) to the same text (1). The bars
 * below were found on labelled pairs with multilingual-e5-small at a threshold of 0.95, where they are similarities
 * of 0.98 and 0.99; README.md shows what they bring. Counting from the threshold carries them over to a model whose
 * similarities lie elsewhere.
 */
export type Closeness = number

export function closenessOf(similarity: number, threshold: number): Closeness {
  return threshold < 1 ? (similarity - threshold) / (1 - threshold) : Number(similarity >= 1)
}

/** Words agree more often by chance in a short text: it must be nearer than the threshold. */
const SHORT_TEXT = 7
const SHORT_TEXT_BAR: Closeness = 0.6
/** A question may say one or two light words more if it is long beside them and as good as the same to the model. */
const ADDED_TO_TOKENS = 7
const MAX_ADDED = 2
const ADDED_BAR: Closeness = 0.8

export function isNearEnough(a: Reading, b: Reading, closeness: Closeness): boolean {
  return Math.min(a.tokens.length, b.tokens.length) > SHORT_TEXT || closeness >= SHORT_TEXT_BAR
}

/** Whether words that only one of two questions has may be passed over: light ones, never those that name things. */
export function excusesAddition(
  a: Reading,
  b: Reading,
  { unmatchedA, unmatchedB }: Alignment,
  closeness: Closeness,
): boolean {
  return (
    closeness >= ADDED_BAR &&
    Math.min(unmatchedA.length, unmatchedB.length) === 0 &&
    Math.max(unmatchedA.length, unmatchedB.length) <= MAX_ADDED &&
    Math.min(a.tokens.length, b.tokens.length) >= ADDED_TO_TOKENS &&
    addsNothing(a, unmatchedA) &&
    addsNothing(b, unmatchedB)
  )
}

/** Above this, words of a statement that a thesaurus or their root ties may replace each other, however many. */
const REPLACED_BAR: Closeness = 0.6
/** One of so many words may then also say one word more. */
const ADDED_TO_STATEMENT = 9
/** A longer one in the same order that is as good as the same to the model may say two more, or another one instead. */
const LONG_STATEMENT = 12
const LONG_BAR: Closeness = 0.8

/** Whether the words that differ in two statements are few or tied enough for texts as near as these. */
export function excusesWords(
  a: Reading,
  b: Reading,
  alignment: Alignment,
  order: OrderVerdict,
  closeness: Closeness,
): boolean {
  if (closeness < REPLACED_BAR) return false
  const words = unexplained(a, b, alignment)
  if (words === undefined) return false
  const { inA, inB } = words
  if (inA.length + inB.length === 0) return true
  const rest = [...inA.flatMap((i) => a.tokens[i] ?? []), ...inB.flatMap((j) => b.tokens[j] ?? [])]
  if (rest.some((word) => QUALIFIERS.has(word.key) || isRepeated(a, b, word))) return false
  const size = Math.min(a.tokens.length, b.tokens.length)
  const isLong = size >= LONG_STATEMENT && closeness >= LONG_BAR && order === 'same'
  if (inA.length === 1 && inB.length === 1) return isLong && samePlace(alignment, inA[0] ?? -1, inB[0] ?? -1)
  // A Chinese word more is often all the difference: 市长, 临时市长.
  const isHan = a.tokens.some(({ kind }) => kind === 'zh')
  if (isHan || Math.min(inA.length, inB.length) > 0) return false
  const added = Math.max(inA.length, inB.length)
  return (added === 1 && size >= ADDED_TO_STATEMENT) || (added === 2 && isLong)
}

/** "Edited by A, published by B", "published by A, published by B". */
function isRepeated(a: Reading, b: Reading, word: Token): boolean {
  return [...a.tokens, ...b.tokens].filter((token) => token.key === word.key).length > 1
}
