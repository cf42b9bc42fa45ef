import type { ConceptHits } from './concepts.ts'
import type { Folded } from './fold.ts'
import { ASTRAL_PLACEHOLDER } from './fold-table.ts'
import type { RuleHit } from './rules.ts'
import { CLASS, LATIN, OTHER_LETTER, type Squashed } from './squash.ts'

/** Number of hash buckets, a power of two. */
export const BUCKETS = 1 << 18

/** Kinds of features; each kind has one value, so that a text's vector needs no counting. */
export const KIND_VALUES: Float32Array = Float32Array.from([
  1, // word
  1, // two words
  0.7, // three words, or two with one between
  0.45, // four letters of a word
  0.5, // Chinese character
  1, // two Chinese characters
  0.9, // three
  0.6, // four
  1, // concept
  1.4, // concept, then another near it
  2, // rule
])

const WORD = 0
const WORD_PAIR = 1
const WORD_TRIPLE = 2
const LETTERS = 3
const CJK = 4
const CONCEPT = 8
const CONCEPT_PAIR = 9
const RULE = 10

/** Folded code units in a block; windows are runs of blocks. */
export const BLOCK_CHARS = 192

/** Hashed features of one text, in blocks. `items` are buckets, with the kind in the bits above them. */
export type Features = {
  items: Int32Array
  block: Uint16Array
  count: number
  blocks: number
}

export const KIND_SHIFT = 20
export const BUCKET_MASK = (1 << KIND_SHIFT) - 1

export const createFeatures = (capacity: number): Features => ({
  items: new Int32Array(capacity),
  block: new Uint16Array(capacity),
  count: 0,
  blocks: 0,
})

const mix = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) & (BUCKETS - 1)
}

/**
 * Features seen lately, with their block: most repetitions within a block count once, so that a text that says one
 * thing over and over is not the more certain for it. What falls out of these places may count again.
 */
const SEEN_PLACES = 4096
const seen = new Int32Array(SEEN_PLACES)
const BLOCK_MASK = 127
const BLOCK_SHIFT = 24

const put = (features: Features, kind: number, hash: number, block: number): void => {
  const at = features.count
  if (at >= features.items.length) return
  const item = (kind << KIND_SHIFT) | mix(Math.imul(hash, 0x9e3779b1) + kind)
  const mark = ((block & BLOCK_MASK) << BLOCK_SHIFT) | item | 0x80000000
  const place = (item ^ (item >>> 12)) & (SEEN_PLACES - 1)
  if (seen[place] === mark) return
  seen[place] = mark
  features.items[at] = item
  features.block[at] = block
  features.count = at + 1
}

const MAX_PAIR_DISTANCE = 40
const MAX_PAIRS = 6
const MAX_WORD = 24

const wordFeatures = (folded: Folded, features: Features): void => {
  const { chars, length } = folded
  let first = 0
  let second = 0
  let cjk1 = 0
  let cjk2 = 0
  let cjk3 = 0
  let block = 0
  let nextBlock = BLOCK_CHARS
  for (let at = 0; at < length; ) {
    if (at >= nextBlock) {
      block = Math.floor(at / BLOCK_CHARS)
      nextBlock = (block + 1) * BLOCK_CHARS
    }
    const unit = chars[at] ?? 0
    const cls = CLASS[unit]
    if (cls === LATIN) {
      let hash = 0x811c9dc5
      let stop = at
      // The letters before this one, with the start of the word as a letter of its own.
      let a = 0
      let b = 0
      let c = 1
      while (stop < length && stop - at < MAX_WORD) {
        const letter = chars[stop] ?? 0
        if (CLASS[letter] !== LATIN) break
        hash = Math.imul(hash ^ letter, 0x01000193)
        if (b !== 0) put(features, LETTERS, ((a * 31 + b) * 31 + c) * 31 + letter, block)
        a = b
        b = c
        c = letter
        stop++
      }
      if (b !== 0) put(features, LETTERS, ((a * 31 + b) * 31 + c) * 31 + 2, block)
      put(features, WORD, hash, block)
      if (second !== 0) put(features, WORD_PAIR, Math.imul(second, 0x85ebca6b) ^ hash, block)
      if (first !== 0) {
        put(features, WORD_TRIPLE, Math.imul(Math.imul(first, 31) ^ second, 0x85ebca6b) ^ hash, block)
        put(features, WORD_TRIPLE, Math.imul(first, 0xc2b2ae35) ^ hash, block)
      }
      first = second
      second = hash
      at = stop
      continue
    }
    if (cls === OTHER_LETTER) {
      put(features, CJK, unit, block)
      if (cjk1 !== 0) put(features, CJK + 1, cjk1 * 65599 + unit, block)
      if (cjk2 !== 0) put(features, CJK + 2, (cjk2 * 31 + cjk1) * 65599 + unit, block)
      if (cjk3 !== 0) put(features, CJK + 3, ((cjk3 * 31 + cjk2) * 31 + cjk1) * 65599 + unit, block)
      cjk3 = cjk2
      cjk2 = cjk1
      cjk1 = unit
      first = 0
      second = 0
    } else if (unit !== 32 && unit !== 10 && unit !== ASTRAL_PLACEHOLDER) {
      put(features, WORD, unit >= 48 && unit < 58 ? 48 : unit, block)
      cjk1 = 0
      cjk2 = 0
      cjk3 = 0
    }
    at++
  }
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
  seen.fill(0)
  features.count = 0
  features.blocks = Math.max(1, Math.ceil(folded.length / BLOCK_CHARS))
  for (const { rule, start } of rules) {
    put(features, RULE, rule + 1, Math.floor((squashed.at[start] ?? 0) / BLOCK_CHARS))
  }
  conceptFeatures(hits, squashed, namedConcepts, features)
  wordFeatures(folded, features)
}
