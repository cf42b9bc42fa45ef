import { type ConceptHits, type ConceptTable, compileConcepts, SPACED } from './concepts.ts'
import { LEXICON } from './lexicon.ts'
import { type Category, RULES, type RuleRow } from './rule-table.ts'
import { CLASS, OTHER_LETTER, type Squashed } from './squash.ts'
import { ANCHOR_WORDS } from './structure-shapes.ts'

/** One way a rule may match: a chain of concepts and the letters allowed between one and the next. */
export type Chain = { rule: number; steps: readonly (readonly number[])[]; gaps: readonly number[] }

export type RuleSet = {
  readonly rows: readonly RuleRow[]
  readonly concepts: ConceptTable
  /** Concepts that features may speak of; literals of rules come after them. */
  readonly namedConcepts: number
  readonly chains: readonly Chain[]
  /** For each concept: chain and step, as pairs, later steps first. */
  readonly uses: readonly Int32Array[]
}

export type RuleHit = { rule: number; start: number; end: number; disguised: boolean }

const DEFAULT_GAP = 24
/** Name of the concept whose phrases are only noticed, see {@link compileRules}. */
const NOTICED = '#noticed'
const TOKEN = /<(\d+)>|((?:'(?:[^'|]|'(?=\w))+'|[A-Z0-9]+)(?:\|(?:'(?:[^'|]|'(?=\w))+'|[A-Z0-9]+))*)|\S/g

export const parseChain = (text: string, rule: number, conceptOf: (word: string) => number): Chain => {
  const steps: number[][] = []
  const gaps: number[] = []
  let gap = DEFAULT_GAP
  for (const [token, number, words] of text.matchAll(TOKEN)) {
    if (number !== undefined) gap = Number(number)
    else if (words !== undefined) {
      steps.push(words.split('|').map(conceptOf))
      gaps.push(gap)
      gap = DEFAULT_GAP
    } else throw new SyntaxError(`rule table: ${token} in ${text}`)
  }
  return { rule, steps, gaps }
}

/**
 * Compiles a rule table over a lexicon. Throws on an unknown concept or a malformed chain. Phrases that are `noticed`
 * give no hits but places in {@link ConceptHits.noticed}.
 */
export const compileRules = (
  rows: readonly RuleRow[],
  lexicon: Readonly<Record<string, string>>,
  noticed: readonly string[] = [],
): RuleSet => {
  const names = new Map(Object.keys(lexicon).map((name, index) => [name, index]))
  const namedConcepts = names.size
  const all: Record<string, string> = { ...lexicon }
  const conceptOf = (word: string): number => {
    const known = names.get(word)
    if (known !== undefined) return known
    if (!word.startsWith("'")) throw new SyntaxError(`rule table: no concept ${word}`)
    names.set(word, names.size)
    all[word] = word.slice(1, -1)
    return names.size - 1
  }
  const chains = rows.flatMap((row, rule) => row.when.map((chain) => parseChain(chain, rule, conceptOf)))
  const uses: number[][] = Array.from(names, () => [])
  chains.forEach((chain, index) => {
    for (let step = chain.steps.length - 1; step >= 0; step--) {
      for (const concept of new Set(chain.steps[step])) uses[concept]?.push(index, step)
    }
  })
  return {
    rows,
    concepts: compileConcepts({ ...all, [NOTICED]: noticed.join('|') }, NOTICED),
    namedConcepts,
    chains,
    uses: uses.map((list) => Int32Array.from(list)),
  }
}

const MAX_STEPS = 6
const NONE = -1

/** Progress of every chain; one object serves every text, {@link matchRules} resets what it used. */
export type RuleProgress = {
  start: Int32Array
  end: Int32Array
  disguised: Uint8Array
  touched: number[]
  done: Uint8Array
}

export const createRuleProgress = (rules: RuleSet): RuleProgress => ({
  start: new Int32Array(rules.chains.length * MAX_STEPS),
  end: new Int32Array(rules.chains.length * MAX_STEPS).fill(NONE),
  disguised: new Uint8Array(rules.chains.length * MAX_STEPS),
  touched: [],
  done: new Uint8Array(rules.rows.length),
})

/**
 * The rules that match, each at most once per text (its first place). Time grows with the number of concept hits
 * times the chains that use a concept; it does not depend on the gaps.
 */
export const matchRules = (
  rules: RuleSet,
  hits: ConceptHits,
  squashed: Squashed,
  progress: RuleProgress,
): RuleHit[] => {
  const { start, end, disguised, touched, done } = progress
  const found: RuleHit[] = []
  done.fill(0)
  for (let hit = 0; hit < hits.count; hit++) {
    const use = rules.uses[hits.concept[hit] ?? 0]
    if (use === undefined) continue
    const from = hits.start[hit] ?? 0
    const to = hits.end[hit] ?? 0
    const isDisguised = (hits.how[hit] ?? 0) >= SPACED ? 1 : 0
    const isCjk = CLASS[squashed.chars[from] ?? 0] === OTHER_LETTER
    for (let index = 0; index < use.length; index += 2) {
      const chain = use[index] ?? 0
      const step = use[index + 1] ?? 0
      const slot = chain * MAX_STEPS + step
      const compiled = rules.chains[chain]
      if (compiled === undefined || done[compiled.rule] === 1) continue
      if (step > 0) {
        const previousEnd = end[slot - 1] ?? NONE
        const gap = compiled.gaps[step] ?? DEFAULT_GAP
        if (previousEnd === NONE || previousEnd > from) continue
        if (from - previousEnd > (isCjk ? gap >> 1 : gap)) continue
        start[slot] = start[slot - 1] ?? 0
        disguised[slot] = (disguised[slot - 1] ?? 0) | isDisguised
      } else {
        start[slot] = from
        disguised[slot] = isDisguised
      }
      end[slot] = to
      touched.push(slot)
      if (step === compiled.steps.length - 1) {
        done[compiled.rule] = 1
        found.push({
          rule: compiled.rule,
          start: start[slot] ?? 0,
          end: to,
          disguised: disguised[slot] === 1,
        })
      }
    }
  }
  for (const slot of touched) end[slot] = NONE
  touched.length = 0
  return found
}

/** The rules of this plugin. */
export const RULE_SET: RuleSet = compileRules(
  RULES,
  LEXICON,
  ANCHOR_WORDS.map((anchor) => anchor.trim()),
)

export type { Category }
