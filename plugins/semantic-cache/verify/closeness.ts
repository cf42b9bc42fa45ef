import type { Alignment } from './align.ts'
import type { Reading } from './read.ts'

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
/** A question may name one or two things more if it is long beside them and as good as the same to the model. */
const ADDED_TO_TOKENS = 7
const MAX_ADDED = 2
const ADDED_BAR: Closeness = 0.8

export function isNearEnough(a: Reading, b: Reading, closeness: Closeness): boolean {
  return Math.min(a.tokens.length, b.tokens.length) > SHORT_TEXT || closeness >= SHORT_TEXT_BAR
}

/** Whether words that only one of two questions has may be passed over. */
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
    Math.min(a.tokens.length, b.tokens.length) >= ADDED_TO_TOKENS
  )
}
