import { setImmediate as nextTurn } from 'node:timers/promises'
import { type JsonObject, replaceTexts, type TextPart } from '../../runner/plugin.ts'
import type { SecretKind, Verdict } from './detect/index.ts'
import { every } from './turns.ts'

/** A passage to take out; a secret has a kind. Made by the detector and only read here: there may be very many. */
interface Cut {
  readonly start: number
  readonly end: number
  readonly kind?: SecretKind
}

const labelOf = ({ kind }: Cut): string => (kind === undefined ? '[REMOVED]' : `[${kind.toUpperCase()}]`)

/** What is done at one go: about a millisecond. */
const CUTS_A_TURN = 5_000
const PARTS_A_TURN = 1_000

/** Passages of each text that a mask takes out: secrets by kind, the passages of attack rules as [REMOVED]. */
export async function cutsOf(
  verdict: Verdict,
  what: { attack: boolean; secrets: boolean },
): Promise<Map<number, Cut[]>> {
  const cuts = new Map<number, Cut[]>()
  const pause = every(CUTS_A_TURN)
  const add = (text: number, cut: Cut) => {
    const known = cuts.get(text)
    if (known) known.push(cut)
    else cuts.set(text, [cut])
    return pause()
  }
  for (const { span } of what.attack ? verdict.rules : []) {
    await add(span.text, span)
  }
  for (const secret of what.secrets ? verdict.secrets : []) {
    const turn = add(secret.text, secret)
    if (turn) await turn
  }
  return cuts
}

export async function maskParts(
  parts: readonly TextPart[],
  cuts: ReadonlyMap<number, readonly Cut[]>,
): Promise<readonly TextPart[]> {
  const masked: TextPart[] = []
  const pause = every(PARTS_A_TURN)
  for (const [i, part] of parts.entries()) {
    const own = cuts.get(i)
    masked.push(own ? { ...part, text: await withoutCuts(part.text, own) } : part)
    const turn = pause()
    if (turn) await turn
  }
  return masked
}

/** The body with the texts that a mask changed. */
export async function replaceParts(
  json: JsonObject,
  before: readonly TextPart[],
  after: readonly TextPart[],
): Promise<JsonObject> {
  const changed = after.filter((part, i) => part.text !== before[i]?.text)
  let body = json
  for (let from = 0; from < changed.length; from += PARTS_A_TURN) {
    if (from > 0) await nextTurn()
    body = replaceTexts(body, changed.slice(from, from + PARTS_A_TURN))
  }
  return body
}

/** Cuts that overlap become one, under the label of the first. */
async function withoutCuts(text: string, cuts: readonly Cut[]): Promise<string> {
  const stretches: string[] = []
  const ordered = inOrder(cuts)
  let from = 0
  for (let at = 0; at < ordered.length; at += CUTS_A_TURN) {
    if (at > 0) await nextTurn()
    // Joined in its own turn: a string that is only added to puts that off to the end.
    const pieces: string[] = []
    for (const cut of ordered.slice(at, at + CUTS_A_TURN)) {
      if (cut.start >= from) pieces.push(text.slice(from, cut.start), labelOf(cut))
      from = Math.max(from, cut.end)
    }
    stretches.push(pieces.join(''))
  }
  return `${stretches.join('')}${text.slice(from)}`
}

/** A hundred thousand secrets come in order; to sort them again would take longer than a turn may. */
function inOrder(cuts: readonly Cut[]): readonly Cut[] {
  const before = (a: Cut, b: Cut): number => a.start - b.start || b.end - a.end
  const isOrdered = cuts.every((cut, at) => at === 0 || before(cuts[at - 1] ?? cut, cut) <= 0)
  return isOrdered ? cuts : [...cuts].sort(before)
}
