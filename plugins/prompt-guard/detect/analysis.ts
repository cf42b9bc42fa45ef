import { createConceptHits, findConcepts } from './concepts.ts'
import { createFeatures, extract } from './features.ts'
import { createFolded, fold } from './fold.ts'
import { createRuleProgress, matchRules, RULE_SET, type RuleHit } from './rules.ts'
import { createSquashed, squash } from './squash.ts'
import { matchStructure, type StructureHit } from './structure.ts'

/** Longest piece of text analysed at once; longer texts are cut into pieces that overlap. */
export const SLICE_CHARS = 4096
export const SLICE_OVERLAP = 512

const CAPACITY = SLICE_CHARS + SLICE_OVERLAP
const HITS_PER_CHAR = 4
const FEATURES_PER_CHAR = 16

/** Arrays that every analysis uses again. An analysis never awaits, so one set serves the process. */
export const scratch = {
  folded: createFolded(CAPACITY),
  squashed: createSquashed(CAPACITY),
  hits: createConceptHits(CAPACITY * HITS_PER_CHAR),
  progress: createRuleProgress(RULE_SET),
  features: createFeatures(CAPACITY * FEATURES_PER_CHAR),
}

/** Folds a piece of text and finds the rules it matches. Results lie in {@link scratch} until the next call. */
export const analyse = (text: string): RuleHit[] => {
  const { folded, squashed, hits, progress } = scratch
  fold(text, folded)
  squash(folded, squashed)
  findConcepts(RULE_SET.concepts, folded, squashed, hits)
  return matchRules(RULE_SET, hits, squashed, progress)
}

/** Features of the text analysed last, with the rules that it matched. */
export const extractFeatures = (rules: readonly RuleHit[]): void => {
  const { folded, squashed, hits, features } = scratch
  extract(folded, squashed, hits, RULE_SET.namedConcepts, rules, features)
}

/** Structural rules that the text analysed last matches. The classifier does not know them. */
export const analyseStructure = (): StructureHit[] =>
  matchStructure(scratch.folded, scratch.squashed, scratch.hits)

const REVERSED = RULE_SET.concepts.names.indexOf('REVERSED')

/** Words written backwards in the text analysed last. */
export const countReversed = (): number => {
  const { concept, count } = scratch.hits
  let found = 0
  for (let hit = 0; hit < count; hit++) if (concept[hit] === REVERSED) found++
  return found
}

/** Offset in the analysed text of a letter of {@link scratch}'s squashed text. */
export const offsetOf = (letter: number): number => {
  const { folded, squashed } = scratch
  return folded.map[squashed.at[letter] ?? 0] ?? 0
}

/** 1 minus the product of what each rule leaves open. */
export const patternScore = (hits: readonly RuleHit[]): number => {
  let open = 1
  for (const hit of hits) open *= 1 - (RULE_SET.rows[hit.rule]?.weight ?? 0)
  return 1 - open
}
