import { type Automaton, compileAutomaton, createMatches, type Matches, scan } from './automaton.ts'
import type { Folded } from './fold.ts'
import { LEXICON } from './lexicon.ts'
import { CLASS, LATIN, type Squashed, squashPhrase } from './squash.ts'

/** How a phrase stood in the text. */
export const PLAIN = 0
export const SPACED = 1
export const LEET = 2

/** Occurrences of concepts, in order of their ends; every array has `count` entries in use. */
export type ConceptHits = {
  concept: Uint16Array
  /** First letter and the one after the last, as indexes into the squashed text. */
  start: Int32Array
  end: Int32Array
  how: Uint8Array
  count: number
  /** Phrases that are only noticed, in any form: their number and their first letter, as pairs. */
  noticed: number[]
  overflow: boolean
}

type Phrase = {
  concept: number
  /** Its place among the phrases of the concept. */
  order: number
  /** Squashed letters; the length in the folded text; whether a word may go on after it. */
  letters: Uint16Array
  plainLength: number
  openEnd: boolean
  isLatin: boolean
}

export type ConceptTable = {
  readonly names: readonly string[]
  readonly automaton: Automaton
  readonly phrases: readonly Phrase[]
  /** Number of the concept that gives no hits, -1 for none: see {@link ConceptHits.noticed}. */
  readonly noticed: number
}

const MIN_SPACED_LATIN = 5
const MIN_SPACED_CJK = 3
const MIN_UNBOUNDED_LATIN = 14
const MIN_LEET = 4

const toPhrase = (concept: number, order: number, text: string): Phrase => {
  const openEnd = text.endsWith('*')
  const { folded, squashed } = squashPhrase(openEnd ? text.slice(0, -1) : text)
  const letters = squashed.chars.slice(0, squashed.length)
  const isLatin = CLASS[letters[0] ?? 0] === LATIN
  return { concept, order, letters, plainLength: folded.length, openEnd, isLatin }
}

/** Compiles concepts: `name: 'phrase|phrase*|...'`. The order of names gives their numbers. */
export const compileConcepts = (lexicon: Readonly<Record<string, string>>, noticed = ''): ConceptTable => {
  const names = Object.keys(lexicon)
  const phrases: Phrase[] = []
  names.forEach((name, concept) => {
    const seen = new Set<string>()
    for (const raw of (lexicon[name] ?? '').split('|')) {
      const text = raw.trim()
      if (text.length === 0 || seen.has(text)) continue
      phrases.push(toPhrase(concept, seen.size, text))
      seen.add(text)
    }
  })
  return {
    names,
    phrases,
    noticed: names.indexOf(noticed),
    automaton: compileAutomaton(phrases.map((phrase) => phrase.letters)),
  }
}

export const createConceptHits = (capacity: number): ConceptHits & { matches: Matches } => ({
  concept: new Uint16Array(capacity),
  start: new Int32Array(capacity),
  end: new Int32Array(capacity),
  how: new Uint8Array(capacity),
  count: 0,
  noticed: [],
  overflow: false,
  matches: createMatches(capacity),
})

const isWordBefore = (chars: Uint16Array, at: number): boolean =>
  at > 0 && CLASS[chars[at - 1] ?? 0] === LATIN
const isWordAfter = (folded: Folded, at: number): boolean =>
  at < folded.length && CLASS[folded.chars[at] ?? 0] === LATIN

/** Whether the letter before or after is apart as well: then spacing is the writer's way and not an accident. */
const isInSpacedRun = (first: number, size: number, squashed: Squashed): boolean => {
  const { at, length } = squashed
  const isApartBefore = first > 0 && (at[first] ?? 0) - (at[first - 1] ?? 0) >= 2
  const last = first + size - 1
  return isApartBefore || (last + 1 < length && (at[last + 1] ?? 0) - (at[last] ?? 0) >= 2)
}

/** -1 when the phrase does not stand there as such. */
const howItStands = (phrase: Phrase, first: number, folded: Folded, squashed: Squashed): number => {
  const { letters } = phrase
  const size = letters.length
  const from = squashed.at[first] ?? 0
  const to = (squashed.at[first + size - 1] ?? 0) + 1
  const span = to - from
  if (!phrase.isLatin) {
    if (span === size) return PLAIN
    if (span > size * 4) return -1
    return size >= MIN_SPACED_CJK || isInSpacedRun(first, size, squashed) ? SPACED : -1
  }
  const bounded = !isWordBefore(folded.chars, from) && (phrase.openEnd || !isWordAfter(folded, to))
  // Other letters at the places of l or i, digits and signs inside words: only words of some length count.
  let isLeet = false
  for (let index = 0; index < size && !isLeet; index++) {
    isLeet = folded.chars[squashed.at[first + index] ?? 0] !== letters[index]
  }
  if (isLeet) return bounded && size >= MIN_LEET ? LEET : -1
  if (bounded && span <= phrase.plainLength + 1) return PLAIN
  if (bounded) return size >= MIN_SPACED_LATIN && span >= size * 2 - 1 && span <= size * 6 ? SPACED : -1
  return size >= MIN_UNBOUNDED_LATIN ? SPACED : -1
}

/** Finds concepts in a text. Linear; beyond the capacity of `hits` it stops and sets `overflow`. */
export const findConcepts = (
  table: ConceptTable,
  folded: Folded,
  squashed: Squashed,
  hits: ConceptHits & { matches: Matches },
): void => {
  const { pairs } = scan(table.automaton, squashed.chars, squashed.length, hits.matches)
  const { matches } = hits
  let count = 0
  hits.noticed.length = 0
  for (let index = 0; index < matches.count; index++) {
    const phrase = table.phrases[pairs[index * 2] ?? 0]
    if (phrase === undefined) continue
    const end = pairs[index * 2 + 1] ?? 0
    const start = end - phrase.letters.length
    if (phrase.concept === table.noticed) {
      hits.noticed.push(phrase.order, start)
      continue
    }
    const how = howItStands(phrase, start, folded, squashed)
    if (how < 0) continue
    hits.concept[count] = phrase.concept
    hits.start[count] = start
    hits.end[count] = end
    hits.how[count] = how
    count++
  }
  hits.count = count
  hits.overflow = matches.overflow
}

/** The concepts of {@link LEXICON}. */
export const CONCEPTS: ConceptTable = compileConcepts(LEXICON)
