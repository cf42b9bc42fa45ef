import { setImmediate as nextTurn } from 'node:timers/promises'
import { analyse, offsetOf, SLICE_CHARS, SLICE_OVERLAP, scratch } from './analysis.ts'
import { RULE_SET, type RuleHit } from './rules.ts'
import type { SecretKind } from './secret-table.ts'
import { DEFAULT_SECRET_KINDS, type SecretSpan, scanSecrets } from './secrets.ts'
import { blankAllowed, findUserPattern, type UserPatterns } from './user-patterns.ts'
import { DEFAULT_THRESHOLD, type InspectInput, type RuleReport, type Verdict, type View } from './verdict.ts'

export type DetectorOptions = {
  /** Score from which a text is an attack. Default {@link DEFAULT_THRESHOLD}. */
  threshold?: number
  /** Patterns that make an attack of any text. */
  deny?: UserPatterns
  /** Patterns whose matches are not judged (they are read as spaces); deny patterns still see them. */
  allow?: UserPatterns
  /** Layers to use. Default: both. */
  layers?: { patterns?: boolean; classifier?: boolean }
  /** Kinds of secrets to look for: `true` for the default ones, `false` (default) for none. */
  secrets?: boolean | readonly SecretKind[]
  /** CPU time for one call in milliseconds, after which the verdict is `truncated`. Default 1000. */
  budgetMs?: number
  /** Longest time in milliseconds without giving way to the event loop. Default 4. */
  sliceMs?: number
  /** Milliseconds of a steady clock, for tests. */
  now?: () => number
}

export type Detector = {
  /** Gives way to the event loop between slices: for texts of any size. Never rejects. */
  inspect(texts: readonly InspectInput[], options?: DetectorOptions): Promise<Verdict>
  /** The same at one go: for texts of a few kilobytes, tests and command lines. */
  inspectSync(texts: readonly InspectInput[], options?: DetectorOptions): Verdict
}

const DEFAULT_BUDGET_MS = 1000
const DEFAULT_SLICE_MS = 4

type Run = {
  options: DetectorOptions
  verdict: Verdict
  kinds: ReadonlySet<SecretKind>
}

const textOf = (input: InspectInput): string => (typeof input === 'string' ? input : input.text)

/** 1 minus the product of what each rule leaves open. */
const noisyOr = (hits: readonly RuleHit[]): number => {
  let open = 1
  for (const hit of hits) open *= 1 - (RULE_SET.rows[hit.rule]?.weight ?? 0)
  return 1 - open
}

const report = (run: Run, text: number, offset: number, view: View, hits: readonly RuleHit[]): void => {
  const { rules } = run.verdict
  for (const hit of hits) {
    const row = RULE_SET.rows[hit.rule]
    if (row === undefined || rules.some(({ id, view: seen }) => id === row.id && seen === view)) continue
    const start = offset + offsetOf(hit.start)
    const end = offset + offsetOf(hit.end - 1) + 1
    const { id, category, weight } = row
    rules.push({ id, category, weight, view, span: { text, start, end } })
  }
}

const judgeSlice = (run: Run, text: number, offset: number, slice: string): void => {
  const { verdict } = run
  const hits = analyse(slice)
  verdict.inspectedChars += slice.length
  const patterns = noisyOr(hits)
  report(run, text, offset, 'plain', hits)
  verdict.layers.patterns = Math.max(verdict.layers.patterns, patterns)
  verdict.score = Math.max(verdict.score, patterns)
  if (scratch.folded.hidden > 0 && !verdict.flags.includes('invisible_characters')) {
    verdict.flags.push('invisible_characters')
  }
  if (scratch.folded.tags > 0 && !verdict.flags.includes('tag_characters'))
    verdict.flags.push('tag_characters')
  if (hits.some((hit) => hit.disguised) && !verdict.flags.includes('disguised_phrase')) {
    verdict.flags.push('disguised_phrase')
  }
}

function* denySteps(run: Run, text: number, offset: number, slice: string): Generator<void, void, void> {
  for (const pattern of run.options.deny?.patterns ?? []) {
    const place = findUserPattern(pattern, slice)
    if (place) {
      const span = { text, start: offset + place.start, end: offset + place.end }
      run.verdict.rules.push({ id: pattern.source, category: 'deny', weight: 1, view: 'plain', span })
    }
    yield
  }
}

function* textSteps(run: Run, text: number, whole: string): Generator<void, void, void> {
  const { allow } = run.options
  let secretsFrom = 0
  for (let from = 0; from < whole.length; ) {
    const isLast = from + SLICE_CHARS + SLICE_OVERLAP >= whole.length
    const end = isLast ? whole.length : from + SLICE_CHARS + SLICE_OVERLAP
    const slice = whole.slice(from, end)
    yield* denySteps(run, text, from, slice)
    judgeSlice(run, text, from, allow ? blankAllowed(allow, slice) : slice)
    yield
    if (run.kinds.size > 0) {
      const found: SecretSpan[] = []
      secretsFrom = scanSecrets(whole, secretsFrom, Math.max(secretsFrom, end), run.kinds, found)
      for (const span of found) run.verdict.secrets.push({ ...span, text })
      yield
    }
    if (isLast) break
    from += SLICE_CHARS
  }
}

function* inspectSteps(run: Run, texts: readonly InspectInput[]): Generator<void, void, void> {
  for (let text = 0; text < texts.length; text++) yield* textSteps(run, text, textOf(texts[text] ?? ''))
}

const start = (options: DetectorOptions): Run => {
  const { secrets } = options
  const kinds = secrets === true ? DEFAULT_SECRET_KINDS : secrets || []
  return {
    options,
    kinds: new Set(kinds),
    verdict: {
      score: 0,
      isAttack: false,
      category: 'none',
      rules: [],
      layers: { patterns: 0, classifier: 0 },
      flags: [],
      secrets: [],
      truncated: false,
      inspectedChars: 0,
    },
  }
}

const weightOf = (rule: RuleReport): number => rule.weight

const finish = (run: Run): Verdict => {
  const { verdict } = run
  verdict.rules.sort((one, other) => weightOf(other) - weightOf(one))
  const isDenied = verdict.rules[0]?.category === 'deny'
  if (isDenied) verdict.score = 1
  verdict.isAttack = isDenied || verdict.score >= (run.options.threshold ?? DEFAULT_THRESHOLD)
  if (verdict.isAttack) verdict.category = verdict.rules[0]?.category ?? 'classifier'
  return verdict
}

/** A detector with `defaults`, each of which a call may override. Detectors share their tables. */
export const createDetector = (defaults: DetectorOptions = {}): Detector => ({
  async inspect(texts, options) {
    const run = start({ ...defaults, ...options })
    const {
      now = () => performance.now(),
      budgetMs = DEFAULT_BUDGET_MS,
      sliceMs = DEFAULT_SLICE_MS,
    } = run.options
    const steps = inspectSteps(run, texts)
    let spent = 0
    let from = now()
    while (!steps.next().done) {
      const elapsed = now() - from
      if (spent + elapsed > budgetMs) {
        run.verdict.truncated = true
        break
      }
      if (elapsed < sliceMs) continue
      spent += elapsed
      await nextTurn()
      from = now()
    }
    return finish(run)
  },
  inspectSync(texts, options) {
    const run = start({ ...defaults, ...options })
    const { now = () => performance.now(), budgetMs = DEFAULT_BUDGET_MS } = run.options
    const steps = inspectSteps(run, texts)
    const from = now()
    while (!steps.next().done) {
      if (now() - from > budgetMs) {
        run.verdict.truncated = true
        break
      }
    }
    return finish(run)
  },
})
