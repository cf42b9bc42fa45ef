import {
  analyse,
  analyseStructure,
  countReversed,
  extractFeatures,
  offsetOf,
  patternScore,
  SLICE_CHARS,
  SLICE_OVERLAP,
  scratch,
} from './analysis.ts'
import { derive } from './decode/derive.ts'
import type { Derived } from './decode/types.ts'
import { withoutDefences } from './defences.ts'
import { countWindows, scoreWindows } from './linear.ts'
import { classifierScore, combinedLogOdds, LINEAR_MODEL, LONE_PATTERNS, toScore } from './model.ts'
import type { RuleRow } from './rule-table.ts'
import { RULE_SET, type RuleHit } from './rules.ts'
import { type Run, takeOver } from './run.ts'
import { type SecretSpan, scanSecrets } from './secrets.ts'
import { type StructureHit, structureScore } from './structure.ts'
import { blankAllowed, findUserPattern } from './user-patterns.ts'
import {
  DEFAULT_THRESHOLD,
  type Disguise,
  type Flag,
  type InspectInput,
  type Origin,
  type RuleReport,
  type Span,
  type Verdict,
  type View,
} from './verdict.ts'

/** Disguises within disguises: a base64 text in a base64 text in a percent-encoded one is read, no deeper one. */
const MAX_DEPTH = 3
/** Code units of derived texts in all: so many times the input, beside what a run has at its start. */
const DERIVED_TIMES = 4
const MIN_DERIVED = 10
/** Readings as long as the text itself: one of them is tried, not one on top of another. */
const REWRITES: ReadonlySet<Disguise> = new Set(['spaced', 'joined', 'leet', 'rot13', 'caesar', 'reversed'])

/** A text to look at: one that was given, or one derived from it, with its place in the given one. */
type Piece = { whole: string; view: View; depth: number; span: Span; mayRewrite: boolean; origin: Origin }

/** What the slices of one text have shown so far: `worst` where rules matched, `lone` where only the classifier speaks. */
type Tally = { worst: number; lone: number; structure: number; classifier: number; windows: number }

const flag = (run: Run, name: Flag): void => {
  if (!run.verdict.flags.includes(name)) run.verdict.flags.push(name)
}

/** Offsets within a derived text mean nothing to the reader: there the span is that of what it was derived from. */
const spanIn = (piece: Piece, from: number, to: number): Span =>
  piece.view === 'plain' ? { text: piece.span.text, start: from, end: to } : piece.span

/**
 * Rules that a verdict names. Of a hundred thousand short texts each may match some; beyond this only what weighs more
 * than all before is added, which a conf may judge by. Passages that a mask does not know of are still found after it.
 */
const MAX_REPORTS = 1_000

const addReport = ({ verdict }: Run, report: RuleReport): void => {
  const { rules } = verdict
  const isHeaviest = (): boolean => rules.every((rule) => rule.weight < report.weight)
  if (rules.length < MAX_REPORTS || isHeaviest()) rules.push(report)
}

const reportRow = (
  run: Run,
  piece: Piece,
  row: Pick<RuleRow, 'id' | 'category' | 'weight'>,
  span: Span,
): void => {
  const { id, category, weight } = row
  if (run.reported.has(id)) return
  run.reported.add(id)
  addReport(run, { id, category, weight, view: piece.view, span })
}

const reportRules = (run: Run, piece: Piece, offset: number, hits: readonly RuleHit[]): void => {
  for (const hit of hits) {
    const row = RULE_SET.rows[hit.rule]
    if (row === undefined) continue
    const span = spanIn(piece, offset + offsetOf(hit.start), offset + offsetOf(hit.end - 1) + 1)
    reportRow(run, piece, row, span)
  }
}

const reportStructure = (run: Run, piece: Piece, offset: number, hits: readonly StructureHit[]): void => {
  const { map } = scratch.folded
  for (const { row, start, end } of hits) {
    const span = spanIn(piece, offset + (map[start] ?? 0), offset + (map[end - 1] ?? 0) + 1)
    reportRow(run, piece, row, span)
  }
}

const MIN_DISGUISED = 4
const MIN_DISGUISED_SHARE = 0.3

const flagDisguises = (run: Run, hits: readonly RuleHit[]): void => {
  const { hidden, tags, disguised, nonAscii, length } = scratch.folded
  if (hidden > 0) flag(run, 'invisible_characters')
  if (tags > 0) flag(run, 'tag_characters')
  // Text in Greek or Cyrillic is made of look-alikes: only a mixture with ASCII is odd.
  const isMixed = disguised >= MIN_DISGUISED && nonAscii - hidden < length / 2
  if (isMixed && disguised > (nonAscii - hidden) * MIN_DISGUISED_SHARE) flag(run, 'look_alikes')
  if (hits.some((hit) => hit.disguised)) flag(run, 'disguised_phrase')
}

/** The chance that at least one of two independent signs is right. */
const either = (one: number, other: number): number => 1 - (1 - one) * (1 - other)

/** Orders in what a tool returned are foreign: each rule counts as if it had matched twice. */
const weigh = (patterns: number, origin: Origin): number =>
  origin === 'tool' ? 1 - (1 - patterns) ** 2 : patterns

const isOverride = ({ rule }: RuleHit): boolean => RULE_SET.rows[rule]?.category === 'override'

const judgeSlice = (run: Run, piece: Piece, offset: number, whole: string, tally: Tally): Derived[] => {
  const { verdict, options } = run
  let slice = whole
  let hits = analyse(slice)
  if (hits.some(isOverride)) {
    slice = withoutDefences(whole)
    if (slice !== whole) hits = analyse(slice)
  }
  verdict.inspectedChars += slice.length
  if (scratch.hits.overflow) verdict.truncated = true
  flagDisguises(run, hits)
  const usesPatterns = options.layers?.patterns !== false
  const patterns = usesPatterns ? weigh(patternScore(hits), piece.origin) : 0
  if (patterns > 0) reportRules(run, piece, offset, hits)
  const shapes = usesPatterns ? analyseStructure() : []
  reportStructure(run, piece, offset, shapes)
  const structure = weigh(structureScore(shapes), piece.origin)
  tally.structure = Math.max(tally.structure, structure)
  let classifier = 0
  if (options.layers?.classifier === false) tally.worst = Math.max(tally.worst, patterns)
  else {
    extractFeatures(hits)
    classifier = scoreWindows(LINEAR_MODEL, scratch.features)
    tally.windows += countWindows(scratch.features.blocks)
    tally.classifier = Math.max(tally.classifier, classifier)
    const logOdds = combinedLogOdds(classifier, patterns)
    // Words written as one are read alone, and the rules miss them most: there the classifier keeps its word.
    if (patterns < LONE_PATTERNS && piece.view !== 'joined') tally.lone = Math.max(tally.lone, logOdds)
    else tally.worst = Math.max(tally.worst, logOdds)
  }
  run.own.patterns = Math.max(run.own.patterns, either(patterns, structure))
  if (options.decode === false || piece.depth >= MAX_DEPTH) return []
  return derive(slice, scratch.folded, scratch.squashed, countReversed(), piece.mayRewrite)
}

const toPiece = (run: Run, parent: Piece, offset: number, derived: Derived): Piece | undefined => {
  const { text, disguise, start, end } = derived
  if (text.length < MIN_DERIVED) return undefined
  if (text.length > run.derivedLeft) {
    run.verdict.truncated = true
    return undefined
  }
  run.derivedLeft -= text.length
  const span = spanIn(parent, offset + start, offset + end)
  return {
    whole: text,
    view: parent.view === 'plain' ? disguise : parent.view,
    depth: parent.depth + 1,
    span,
    mayRewrite: parent.mayRewrite && !REWRITES.has(disguise),
    origin: parent.origin,
  }
}

function* denySteps(run: Run, piece: Piece, offset: number, slice: string): Generator<void, void, void> {
  for (const pattern of run.options.deny?.patterns ?? []) {
    const place = yield* findUserPattern(pattern, slice)
    if (place) {
      const span = spanIn(piece, offset + place.start, offset + place.end)
      addReport(run, { id: pattern.source, category: 'deny', weight: 1, view: piece.view, span })
    }
    yield
  }
}

const addScore = (run: Run, piece: Piece, tally: Tally): void => {
  const { own, options } = run
  const usesClassifier = options.layers?.classifier !== false
  const calibrated = usesClassifier
    ? Math.max(toScore(tally.worst, tally.windows, 1), toScore(tally.lone, tally.windows, 0))
    : Math.max(0, tally.worst)
  // The calibration was fitted without the structural rules: they join after it.
  const score = either(calibrated, tally.structure)
  own.score = Math.max(own.score, score)
  if (!usesClassifier) return
  own.classifier = Math.max(own.classifier, classifierScore(tally.classifier))
  if (piece.view !== 'plain' && score >= (options.threshold ?? DEFAULT_THRESHOLD))
    flag(run, 'encoded_payload')
}

function* pieceSteps(run: Run, piece: Piece): Generator<void, void, void> {
  const { allow } = run.options
  const { whole } = piece
  const tally: Tally = {
    worst: Number.NEGATIVE_INFINITY,
    lone: Number.NEGATIVE_INFINITY,
    structure: 0,
    classifier: Number.NEGATIVE_INFINITY,
    windows: 0,
  }
  if (whole.length === 0) return
  for (let from = 0; ; from += SLICE_CHARS) {
    const end = Math.min(whole.length, from + SLICE_CHARS + SLICE_OVERLAP)
    const slice = whole.slice(from, end)
    yield* denySteps(run, piece, from, slice)
    const judged = allow ? yield* blankAllowed(allow, slice) : slice
    const derived = judgeSlice(run, piece, from, judged, tally)
    yield
    for (const one of derived) {
      const next = toPiece(run, piece, from, one)
      if (next) yield* pieceSteps(run, next)
    }
    if (end >= whole.length) break
  }
  addScore(run, piece, tally)
}

const SECRET_CHARS = 4096

function* secretSteps(run: Run, text: number, whole: string): Generator<void, void, void> {
  for (let from = 0; from < whole.length; ) {
    const found: SecretSpan[] = []
    from = scanSecrets(whole, from, Math.min(whole.length, from + SECRET_CHARS), run.kinds, found)
    for (const span of found) run.verdict.secrets.add(span, text)
    yield
  }
}

const originOf = (input: InspectInput): Origin =>
  typeof input === 'string' ? 'user' : (input.origin ?? 'user')

const textOf = (input: InspectInput): string => (typeof input === 'string' ? input : input.text)

function* textSteps(run: Run, text: number, whole: string, origin: Origin): Generator<void, void, void> {
  run.derivedLeft += whole.length * DERIVED_TIMES
  const span = { text, start: 0, end: whole.length }
  yield* pieceSteps(run, { whole, view: 'plain', depth: 0, span, mayRewrite: true, origin })
  if (run.kinds.size > 0) yield* secretSteps(run, text, whole)
}

const countFindings = ({ rules, flags, secrets }: Verdict): number =>
  rules.length + flags.length + secrets.length

/** Looks at all texts, a slice of a few kilobytes at a time; the verdict grows in `run`. */
export function* inspectSteps(run: Run, texts: readonly InspectInput[]): Generator<void, void, void> {
  const { clean, verdict } = run
  for (let text = 0; text < texts.length; text++) {
    const input = texts[text] ?? ''
    const whole = textOf(input)
    const origin = originOf(input)
    const known = clean?.get(whole, origin)
    if (known) {
      takeOver(run, known)
      verdict.inspectedChars += known.inspectedChars
      yield // thousands of known texts take their time as well
      continue
    }
    const charsBefore = verdict.inspectedChars
    const findingsBefore = countFindings(verdict)
    run.own = { score: 0, patterns: 0, classifier: 0 }
    run.reported.clear()
    yield* textSteps(run, text, whole, origin)
    takeOver(run, run.own)
    const isClean = countFindings(verdict) === findingsBefore && !verdict.truncated
    if (isClean)
      clean?.add(whole, origin, { ...run.own, inspectedChars: verdict.inspectedChars - charsBefore })
  }
}
