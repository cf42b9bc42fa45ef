import { createConceptHits, findConcepts } from './concepts.ts'
import { createFolded, fold } from './fold.ts'
import { createRuleProgress, matchRules, RULE_SET, type RuleHit } from './rules.ts'
import { createSquashed, squash } from './squash.ts'

/** Longest piece of text analysed at once; longer texts are cut into pieces that overlap. */
export const SLICE_CHARS = 4096
export const SLICE_OVERLAP = 512

const CAPACITY = SLICE_CHARS + SLICE_OVERLAP

/**
 * Arrays that every analysis uses again. An analysis never awaits, so one set serves the process.
 * Concept hits are bounded by a few for each letter.
 */
export const scratch = {
  folded: createFolded(CAPACITY),
  squashed: createSquashed(CAPACITY),
  hits: createConceptHits(CAPACITY * 4),
  progress: createRuleProgress(RULE_SET),
}

/** Folds a piece of text and finds the rules it matches. Results lie in {@link scratch} until the next call. */
export const analyse = (text: string): RuleHit[] => {
  const { folded, squashed, hits, progress } = scratch
  fold(text, folded)
  squash(folded, squashed)
  findConcepts(RULE_SET.concepts, folded, squashed, hits)
  return matchRules(RULE_SET, hits, squashed, progress)
}

/** Offset in the analysed text of a letter of {@link scratch}'s squashed text. */
export const offsetOf = (letter: number): number => {
  const { folded, squashed } = scratch
  return folded.map[squashed.at[letter] ?? 0] ?? 0
}
