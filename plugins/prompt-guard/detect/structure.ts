import type { ConceptHits } from './concepts.ts'
import { type Folded, foldedText } from './fold.ts'
import { LEXICON } from './lexicon.ts'
import { type Chain, parseChain } from './rules.ts'
import type { Squashed } from './squash.ts'
import { ANCHOR_SIGNS, ANCHOR_WORDS, SHAPES, WORDS } from './structure-shapes.ts'
import { STRUCTURE, type StructureRow } from './structure-table.ts'

/** A row that matches, with its place in the folded text. */
export type StructureHit = { row: StructureRow; start: number; end: number }

/** Something that a chain speaks of, where it stands in the folded text. */
type Mark = { symbol: number; start: number; end: number }

type Use = { chain: Chain; step: number }

const LINE_START = '^'
const LINE_BREAKS = ['\n', '\\n']
const NONE = -1

const symbols = new Map<string, number>()

const symbolOf = (name: string): number => {
  if (!(name in SHAPES) && !(name in WORDS) && !(name in LEXICON)) {
    throw new SyntaxError(`structure table: no shape, word or concept ${name}`)
  }
  const known = symbols.get(name)
  if (known !== undefined) return known
  symbols.set(name, symbols.size)
  return symbols.size - 1
}

const CHAINS = STRUCTURE.flatMap((row, index) => row.when.map((chain) => parseChain(chain, index, symbolOf)))

/** For each symbol the steps that it may be; later steps of a chain first, so that a mark is not two of them. */
const USES: Use[][] = Array.from(symbols, () => [])
for (const chain of CHAINS) {
  for (let step = chain.steps.length - 1; step >= 0; step--) {
    for (const symbol of new Set(chain.steps[step])) USES[symbol]?.push({ chain, step })
  }
}

const CONCEPTS = Int16Array.from(Object.keys(LEXICON), (name) => symbols.get(name) ?? NONE)

type Finder = { symbol: number; regex: RegExp }

const finders = (table: Iterable<readonly [string, string]>, flags: string): Finder[] =>
  [...table]
    .filter(([name]) => symbols.has(name))
    .map(([name, pattern]) => ({ symbol: symbolOf(name), regex: new RegExp(pattern, flags) }))

const BY_ANCHOR = new Map<string, Finder[]>()
for (const [name, { anchors, pattern }] of Object.entries(SHAPES)) {
  for (const anchor of anchors) {
    const list = BY_ANCHOR.get(anchor) ?? []
    list.push(...finders([[name, pattern]], 'y'))
    BY_ANCHOR.set(anchor, list)
  }
}
const AT_LINE_START = BY_ANCHOR.get(LINE_START) ?? []
BY_ANCHOR.delete(LINE_START)
const WORD_ANCHORS = ANCHOR_WORDS.map((anchor) => [anchor, BY_ANCHOR.get(anchor) ?? []] as const)
/** Anchors by their sign, since most texts have few of the signs. */
const SIGN_ANCHORS = [...ANCHOR_SIGNS].map(
  (sign) => [sign, [...BY_ANCHOR].filter(([anchor]) => anchor.startsWith(sign))] as const,
)
const WORD_FINDERS = finders(Object.entries(WORDS), 'g')

const tryAt = (text: string, at: number, list: readonly Finder[], marks: Mark[]): void => {
  for (const { symbol, regex } of list) {
    regex.lastIndex = at
    if (regex.test(text)) marks.push({ symbol, start: at, end: regex.lastIndex })
  }
}

const markSigns = (text: string, marks: Mark[]): void => {
  for (const [sign, anchors] of SIGN_ANCHORS) {
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) {
      for (const [anchor, list] of anchors) if (text.startsWith(anchor, at)) tryAt(text, at, list, marks)
    }
  }
}

/** The automaton saw their letters; whether they are whole, and with the space after them, the text tells. */
const markAnchorWords = (text: string, { noticed }: ConceptHits, squashed: Squashed, marks: Mark[]): void => {
  for (let index = 0; index < noticed.length; index += 2) {
    const [anchor, list] = WORD_ANCHORS[noticed[index] ?? 0] ?? ['', []]
    const at = squashed.at[noticed[index + 1] ?? 0] ?? 0
    if (text.startsWith(anchor, at)) tryAt(text, at, list, marks)
  }
}

const markLineStarts = (text: string, marks: Mark[]): void => {
  tryAt(text, text[0] === ' ' ? 1 : 0, AT_LINE_START, marks)
  for (const lineBreak of LINE_BREAKS) {
    for (let at = text.indexOf(lineBreak); at >= 0; at = text.indexOf(lineBreak, at + 1)) {
      const start = at + lineBreak.length
      tryAt(text, text[start] === ' ' ? start + 1 : start, AT_LINE_START, marks)
    }
  }
}

const markWords = (text: string, hits: ConceptHits, squashed: Squashed, marks: Mark[]): void => {
  for (const { symbol, regex } of WORD_FINDERS) {
    for (const { 0: word, index } of text.matchAll(regex)) {
      marks.push({ symbol, start: index, end: index + word.length })
    }
  }
  for (let hit = 0; hit < hits.count; hit++) {
    const symbol = CONCEPTS[hits.concept[hit] ?? 0] ?? NONE
    if (symbol === NONE) continue
    const start = squashed.at[hits.start[hit] ?? 0] ?? 0
    const end = (squashed.at[(hits.end[hit] ?? 1) - 1] ?? 0) + 1
    marks.push({ symbol, start, end })
  }
}

type Progress = { start: number; end: number }[]

const follow = (marks: readonly Mark[]): StructureHit[] => {
  const progress = new Map<Chain, Progress>()
  const found: StructureHit[] = []
  const done = new Set<number>()
  for (const mark of marks) {
    for (const { chain, step } of USES[mark.symbol] ?? []) {
      if (done.has(chain.rule)) continue
      let steps = progress.get(chain)
      let start = mark.start
      if (step > 0) {
        const before = steps?.[step - 1]
        if (before === undefined || before.end > mark.start) continue
        if (mark.start - before.end > (chain.gaps[step] ?? 0)) continue
        start = before.start
      }
      if (steps === undefined) {
        steps = []
        progress.set(chain, steps)
      }
      steps[step] = { start, end: mark.end }
      const row = STRUCTURE[chain.rule]
      if (step < chain.steps.length - 1 || row === undefined) continue
      done.add(chain.rule)
      found.push({ row, start, end: mark.end })
    }
  }
  return found
}

/**
 * The rows that an analysed text matches, each at most once. Linear: patterns are tried at anchors only and are
 * bounded, words and concepts are looked for only where a shape stands, and each mark is read once.
 */
export const matchStructure = (folded: Folded, squashed: Squashed, hits: ConceptHits): StructureHit[] => {
  const text = foldedText(folded)
  const marks: Mark[] = []
  if (squashed.hasAnchorSigns) markSigns(text, marks)
  markAnchorWords(text, hits, squashed, marks)
  markLineStarts(text, marks)
  if (marks.length === 0) return []
  markWords(text, hits, squashed, marks)
  return follow(marks.sort((one, other) => one.start - other.start))
}

/** 1 minus the product of what each row leaves open. */
export const structureScore = (hits: readonly StructureHit[]): number =>
  1 - hits.reduce((open, { row }) => open * (1 - row.weight), 1)
