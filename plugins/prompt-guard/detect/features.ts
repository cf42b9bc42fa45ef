import type { ConceptHits } from './concepts.ts'
import type { Folded } from './fold.ts'
import { ASTRAL_PLACEHOLDER } from './fold-table.ts'
import { tagOf } from './linear.ts'
import type { RuleHit } from './rules.ts'
import { CLASS, LATIN, OTHER_LETTER, type Squashed } from './squash.ts'

const WORD_TAG = tagOf(0, 0)
const WORD_PAIR_TAG = tagOf(1, 0)
const WORD_TRIPLE_TAG = tagOf(2, 0)
const LETTERS_TAG = tagOf(3, 0)
const CJK_TAG = tagOf(4, 0)
const CJK_PAIR_TAG = tagOf(5, 0)
const CJK_TRIPLE_TAG = tagOf(6, 0)
const CJK_FOUR_TAG = tagOf(7, 0)
const CONCEPT = 8
const CONCEPT_PAIR = 9
const RULE = 10

/** Folded code units in a block; windows are runs of blocks. */
export const BLOCK_CHARS = 192

/**
 * Features of one text in the order they were found, with repetitions. linear.ts makes them a vector, in a loop of its
 * own, because one that also reads the text runs at half the speed.
 */
export type Features = {
  hashes: Int32Array
  /** {@link tagOf} of each. */
  tags: Int32Array
  count: number
  blocks: number
}

export const createFeatures = (capacity: number): Features => ({
  hashes: new Int32Array(capacity),
  tags: new Int32Array(capacity),
  count: 0,
  blocks: 0,
})

const MAX_PAIR_DISTANCE = 40
const MAX_PAIRS = 6
const MAX_WORD = 24
const FIRST_LATIN = 97
const LATIN_LETTERS = 26

/** No character adds more features than this: those of a word's end. */
const MOST_AT_ONCE = 8
const WORD_START = 1
const WORD_END = 2

const wordFeatures = ({ chars, length }: Folded, features: Features): void => {
  const classes = CLASS // a local: what is imported would be looked up for each letter
  const { hashes, tags } = features
  const room = hashes.length - MAX_WORD - MOST_AT_ONCE
  let { count } = features
  let first = 0
  let second = 0
  let cjk1 = 0
  let cjk2 = 0
  let cjk3 = 0
  let tag = tagOf(0, 0)
  let nextBlock = BLOCK_CHARS
  for (let at = 0; at < length && count < room; ) {
    if (at >= nextBlock) {
      const block = Math.floor(at / BLOCK_CHARS)
      nextBlock = (block + 1) * BLOCK_CHARS
      tag = tagOf(0, block)
    }
    let unit = chars[at] ?? 0
    const cls = classes[unit]
    if (cls === LATIN) {
      const lettersTag = tag | LETTERS_TAG
      const end = at + MAX_WORD
      let word = 0x811c9dc5
      // Of the letters read last, with the start of the word as one: the last, the last two, the last three.
      let one = WORD_START
      let two = WORD_START
      let three = WORD_START
      do {
        word = Math.imul(word ^ unit, 0x01000193)
        // Overwritten where it stands for the first letter, which has too few letters before it.
        hashes[count] = Math.imul(three, 31) + unit
        tags[count] = lettersTag
        count += one === WORD_START ? 0 : 1
        three = Math.imul(two, 31) + unit
        two = Math.imul(one, 31) + unit
        one = unit
        at++
        unit = at < length ? (chars[at] ?? 0) : 0
      } while ((unit - FIRST_LATIN) >>> 0 < LATIN_LETTERS && at < end)
      hashes[count] = Math.imul(three, 31) + WORD_END
      tags[count] = lettersTag
      hashes[count + 1] = word
      tags[count + 1] = tag | WORD_TAG
      count += 2
      if (second !== 0) {
        hashes[count] = Math.imul(second, 0x85ebca6b) ^ word
        tags[count] = tag | WORD_PAIR_TAG
        count++
      }
      if (first !== 0) {
        hashes[count] = Math.imul(Math.imul(first, 31) ^ second, 0x85ebca6b) ^ word
        hashes[count + 1] = Math.imul(first, 0xc2b2ae35) ^ word
        tags[count] = tag | WORD_TRIPLE_TAG
        tags[count + 1] = tag | WORD_TRIPLE_TAG
        count += 2
      }
      first = second
      second = word
      continue
    }
    if (cls === OTHER_LETTER) {
      hashes[count] = unit
      tags[count++] = tag | CJK_TAG
      if (cjk1 !== 0) {
        hashes[count] = Math.imul(cjk1, 65599) + unit
        tags[count++] = tag | CJK_PAIR_TAG
      }
      if (cjk2 !== 0) {
        hashes[count] = Math.imul(Math.imul(cjk2, 31) + cjk1, 65599) + unit
        tags[count++] = tag | CJK_TRIPLE_TAG
      }
      if (cjk3 !== 0) {
        hashes[count] = Math.imul(Math.imul(Math.imul(cjk3, 31) + cjk2, 31) + cjk1, 65599) + unit
        tags[count++] = tag | CJK_FOUR_TAG
      }
      cjk3 = cjk2
      cjk2 = cjk1
      cjk1 = unit
      first = 0
      second = 0
    } else if (unit !== 32 && unit !== 10 && unit !== ASTRAL_PLACEHOLDER) {
      hashes[count] = unit >= 48 && unit < 58 ? 48 : unit
      tags[count++] = tag | WORD_TAG
      cjk1 = 0
      cjk2 = 0
      cjk3 = 0
    }
    at++
  }
  features.count = count
}

const put = (features: Features, kind: number, hash: number, block: number): void => {
  const { hashes, tags, count } = features
  if (count >= hashes.length) return
  hashes[count] = hash
  tags[count] = tagOf(kind, block)
  features.count = count + 1
}

const conceptFeatures = (
  hits: ConceptHits,
  squashed: Squashed,
  namedConcepts: number,
  features: Features,
): void => {
  for (let hit = 0; hit < hits.count; hit++) {
    const concept = hits.concept[hit] ?? 0
    if (concept >= namedConcepts) continue
    const start = hits.start[hit] ?? 0
    const block = Math.floor((squashed.at[start] ?? 0) / BLOCK_CHARS)
    put(features, CONCEPT, concept + 1, block)
    let pairs = 0
    for (let before = hit - 1; before >= 0 && pairs < MAX_PAIRS; before--) {
      const distance = start - (hits.end[before] ?? 0)
      if (distance > MAX_PAIR_DISTANCE) break
      const other = hits.concept[before] ?? 0
      if (distance < 0 || other >= namedConcepts) continue
      put(features, CONCEPT_PAIR, (other + 1) * 4096 + concept + 1, block)
      pairs++
    }
  }
}

/** Writes the features of an analysed text into `features`. Linear; beyond its capacity features are left out. */
export const extract = (
  folded: Folded,
  squashed: Squashed,
  hits: ConceptHits,
  namedConcepts: number,
  rules: readonly RuleHit[],
  features: Features,
): void => {
  features.count = 0
  features.blocks = Math.max(1, Math.ceil(folded.length / BLOCK_CHARS))
  for (const { rule, start } of rules) {
    put(features, RULE, rule + 1, Math.floor((squashed.at[start] ?? 0) / BLOCK_CHARS))
  }
  conceptFeatures(hits, squashed, namedConcepts, features)
  wordFeatures(folded, features)
}
