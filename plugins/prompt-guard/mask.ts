import { setImmediate as nextTurn } from 'node:timers/promises'
import { type JsonObject, replaceTexts, type TextPart } from '../../runner/plugin.ts'
import type { SecretKind, Span, Verdict } from './detect/index.ts'
import { every } from './turns.ts'

/** A passage to take out; a secret has a kind. */
interface Cut {
  readonly start: number
  readonly end: number
  readonly kind?: SecretKind
}

/** What is to be taken out: the passages of attack rules, secrets, or both. */
export interface Masked {
  readonly attack: boolean
  readonly secrets: boolean
}

const labelOf = ({ kind }: Cut): string => (kind === undefined ? '[REMOVED]' : `[${kind.toUpperCase()}]`)

/** What is done at one go: about a millisecond. */
const CUTS_A_TURN = 2_000
const PARTS_A_TURN = 1_000

/** The texts without what the verdict on them found: secrets by kind, the passages of attack rules as [REMOVED]. */
export async function maskParts(
  parts: readonly TextPart[],
  { rules, secrets }: Verdict,
  what: Masked,
): Promise<readonly TextPart[]> {
  const passages = what.attack ? spansByText(rules.map(({ span }) => span)) : new Map<number, Span[]>()
  const masked: TextPart[] = []
  const pause = every(PARTS_A_TURN)
  for (const [i, part] of parts.entries()) {
    const own = passages.get(i) ?? []
    const isMasked = own.length > 0 || (what.secrets && secrets.isIn(i))
    const cuts = isMasked ? inOrder(own, what.secrets ? secrets.ofText(i) : []) : []
    masked.push(isMasked ? { ...part, text: await withoutCuts(part.text, cuts) } : part)
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
    // Before the first one too: masking ended this turn, and the body is written anew at its end.
    await nextTurn()
    body = replaceTexts(body, changed.slice(from, from + PARTS_A_TURN))
  }
  return body
}

/** A thousand rules at most. */
function spansByText(spans: readonly Span[]): Map<number, Span[]> {
  const byText = new Map<number, Span[]>()
  for (const span of spans) {
    const known = byText.get(span.text)
    if (known) known.push(span)
    else byText.set(span.text, [span])
  }
  return byText
}

/** By their starts; secrets come so. */
function* inOrder(passages: readonly Span[], secrets: Iterable<Cut>): Generator<Cut> {
  const ordered = [...passages].sort((a, b) => a.start - b.start)
  let next = 0
  for (const secret of secrets) {
    for (let passage = ordered[next]; passage && passage.start <= secret.start; passage = ordered[++next]) {
      yield passage
    }
    yield secret
  }
  yield* ordered.slice(next)
}

/** Cuts that overlap become one, under the label of the first. */
async function withoutCuts(text: string, cuts: Iterable<Cut>): Promise<string> {
  const stretches: string[] = []
  const pause = every(CUTS_A_TURN)
  let pieces: string[] = []
  let from = 0
  for (const cut of cuts) {
    if (cut.start >= from) pieces.push(text.slice(from, cut.start), labelOf(cut))
    from = Math.max(from, cut.end)
    const turn = pause()
    if (!turn) continue
    // Joined in its own turn: a string that is only added to puts that off to the end.
    stretches.push(pieces.join(''))
    pieces = []
    await turn
  }
  stretches.push(...pieces, text.slice(from))
  return stretches.join('')
}
