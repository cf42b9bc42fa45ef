import { setImmediate as nextTurn } from 'node:timers/promises'
import { CleanTexts } from './clean-texts.ts'
import { inspectSteps } from './inspection.ts'
import { type Run, startRun, takeOver, toPolicy } from './run.ts'
import type { SecretKind } from './secret-table.ts'
import type { UserPatterns } from './user-patterns.ts'
import { DEFAULT_THRESHOLD, type InspectInput, type Verdict } from './verdict.ts'

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
  /** Whether to read disguised texts: base64, rot13, reversed and so on. Default true. */
  decode?: boolean
  /** CPU time for one call in milliseconds, after which the verdict is `truncated`. Default 1000. */
  budgetMs?: number
  /** Longest time in milliseconds without giving way to the event loop. Default 2. */
  sliceMs?: number
  /** How many clean texts are remembered, so that those which come again are not inspected again. Default 0. */
  remember?: { texts: number; chars: number }
  /** Milliseconds of a steady clock, for tests. */
  now?: () => number
}

export type Detector = {
  /** Code units in all that {@link inspectSync} reads in about half a millisecond, at worst in two. */
  readonly charsAtOnce: number
  /** Gives way to the event loop between slices: for texts of any size. Never rejects. */
  inspect(texts: readonly InspectInput[], options?: DetectorOptions): Promise<Verdict>
  /** The same at one go: for texts of a few kilobytes, tests and command lines. */
  inspectSync(texts: readonly InspectInput[], options?: DetectorOptions): Verdict
}

const DEFAULT_BUDGET_MS = 1000
const DEFAULT_SLICE_MS = 2
const steadyMs = (): number => performance.now()

const CHARS_AT_ONCE = 8_192
/** RE2 instructions times code units of two milliseconds, by the worst patterns (see USER_PATTERN_LIMITS). */
const PATTERN_WORK_AT_ONCE = 100_000

const charsAtOnce = ({ deny, allow }: DetectorOptions): number => {
  const instructions = (deny?.instructions ?? 0) + (allow?.instructions ?? 0)
  return Math.min(CHARS_AT_ONCE, Math.floor(PATTERN_WORK_AT_ONCE / Math.max(1, instructions)))
}

const finish = (run: Run): Verdict => {
  const { verdict } = run
  takeOver(run, run.own)
  verdict.rules.sort((one, other) => other.weight - one.weight)
  const isDenied = verdict.rules[0]?.category === 'deny'
  if (isDenied) verdict.score = 1
  verdict.isAttack = isDenied || verdict.score >= (run.options.threshold ?? DEFAULT_THRESHOLD)
  if (verdict.isAttack) verdict.category = verdict.rules[0]?.category ?? 'classifier'
  return verdict
}

/** A detector with `defaults`, each of which a call may override; such calls remember nothing. Detectors share tables. */
export const createDetector = (defaults: DetectorOptions = {}): Detector => {
  const { remember } = defaults
  const clean = remember && remember.texts > 0 ? new CleanTexts(remember) : undefined
  const policy = toPolicy(defaults, clean)
  const start = (options: DetectorOptions | undefined): Run =>
    startRun(options ? toPolicy({ ...defaults, ...options }) : policy)
  return {
    charsAtOnce: charsAtOnce(defaults),
    async inspect(texts, options) {
      const run = start(options)
      const { now = steadyMs, budgetMs = DEFAULT_BUDGET_MS, sliceMs = DEFAULT_SLICE_MS } = run.options
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
      const run = start(options)
      const { now = steadyMs, budgetMs = DEFAULT_BUDGET_MS } = run.options
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
  }
}
