import { analyse, countReversed, SLICE_CHARS, scratch } from '../detect/analysis.ts'
import { derive } from '../detect/decode/derive.ts'
import type { Verdict } from '../detect/index.ts'
import type { Finding } from '../note.ts'

/** What `guard explain --json` prints. */
export interface Explanation {
  readonly is_attack: boolean
  readonly score: number
  readonly category: string
  readonly findings: readonly Finding[]
  /** Scores of the layers alone. */
  readonly layers: { readonly patterns: number; readonly classifier: number }
  readonly flags: readonly string[]
  readonly rules: readonly RuleLine[]
  readonly secrets: readonly { readonly kind: string; readonly start: number; readonly end: number }[]
  /** Other readings of the text; most say nothing. */
  readonly views: readonly { readonly disguise: string; readonly text: string }[]
  readonly truncated: boolean
}

export interface RuleLine {
  readonly id: string
  readonly category: string
  readonly weight: number
  /** `plain`, or the disguise that had to be undone; the place is then that of the disguised passage. */
  readonly view: string
  readonly start: number
  readonly end: number
  readonly text: string
}

const MAX_VIEWS = 20
const MAX_VIEW_CHARS = 300

export function explain(text: string, verdict: Verdict, findings: readonly Finding[]): Explanation {
  return {
    is_attack: verdict.isAttack,
    score: Number(verdict.score.toFixed(4)),
    category: verdict.category,
    findings,
    layers: verdict.layers,
    flags: verdict.flags,
    rules: verdict.rules.map(({ id, category, weight, view, span: { start, end } }) => ({
      id,
      category,
      weight,
      view,
      start,
      end,
      text: text.slice(start, end),
    })),
    secrets: Array.from(verdict.secrets, ({ kind, start, end }) => ({ kind, start, end })),
    views: viewsOf(text),
    truncated: verdict.truncated,
  }
}

function viewsOf(text: string): Explanation['views'] {
  const views: { disguise: string; text: string }[] = []
  for (let from = 0; from < text.length && views.length < MAX_VIEWS; from += SLICE_CHARS) {
    const slice = text.slice(from, from + SLICE_CHARS)
    analyse(slice)
    for (const derived of derive(slice, scratch.folded, scratch.squashed, countReversed())) {
      views.push({ disguise: derived.disguise, text: derived.text.slice(0, MAX_VIEW_CHARS) })
    }
  }
  return views.slice(0, MAX_VIEWS)
}
