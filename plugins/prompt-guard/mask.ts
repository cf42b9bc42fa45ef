import { type JsonObject, replaceTexts, type TextPart } from '../../runner/plugin.ts'
import type { Verdict } from './detect/index.ts'

interface Cut {
  readonly start: number
  readonly end: number
  readonly label: string
}

/** Passages of each text that a mask takes out: secrets by kind, the passages of attack rules as [REMOVED]. */
export function cutsOf(verdict: Verdict, what: { attack: boolean; secrets: boolean }): Map<number, Cut[]> {
  const cuts = new Map<number, Cut[]>()
  const add = (text: number, cut: Cut) => {
    const known = cuts.get(text)
    if (known) known.push(cut)
    else cuts.set(text, [cut])
  }
  if (what.attack) {
    for (const { span } of verdict.rules) add(span.text, { ...span, label: '[REMOVED]' })
  }
  if (what.secrets) {
    for (const { text, start, end, kind } of verdict.secrets)
      add(text, { start, end, label: `[${kind.toUpperCase()}]` })
  }
  return cuts
}

export function maskParts(
  parts: readonly TextPart[],
  cuts: ReadonlyMap<number, readonly Cut[]>,
): readonly TextPart[] {
  return parts.map((part, i) => {
    const own = cuts.get(i)
    return own ? { ...part, text: withoutCuts(part.text, own) } : part
  })
}

/** The body with the texts that a mask changed. */
export function replaceParts(
  json: JsonObject,
  before: readonly TextPart[],
  after: readonly TextPart[],
): JsonObject {
  const changed = after.filter((part, i) => part.text !== before[i]?.text)
  return changed.length === 0 ? json : replaceTexts(json, changed)
}

/** Cuts that overlap become one, under the label of the first. */
function withoutCuts(text: string, cuts: readonly Cut[]): string {
  const pieces: string[] = []
  let from = 0
  for (const { start, end, label } of [...cuts].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start >= from) pieces.push(text.slice(from, start), label)
    from = Math.max(from, end)
  }
  pieces.push(text.slice(from))
  return pieces.join('')
}
