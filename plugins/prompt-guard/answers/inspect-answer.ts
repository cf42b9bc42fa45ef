import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Observation, textSteps } from '../../../runner/plugin.ts'
import { type SecretKind, type SecretSpan, scanSecrets } from '../detect/index.ts'
import type { Finding } from '../note.ts'
import type { AnswerSettings } from '../settings.ts'
import { every } from '../turns.ts'
import { overlap } from './overlap.ts'

/** A run of words this long is no coincidence and no figure of speech. */
const LEAKED_RUN = 20
/** Or this much of the system prompt, in runs that may be short. */
const LEAKED_SHARE = 0.5
/** A system prompt with fewer words ("You are a helpful assistant.") holds no secret. */
const MIN_RUN = 10
/** What is looked at in one turn of the event loop: some milliseconds at worst, a tenth of that as a rule. */
const SECRET_CHARS = 16_384
const STEPS_A_TURN = 1_000

/** Whether this answer is to be read at all. */
export function isReadable({ event, answer, endpoint }: Observation, { routes }: AnswerSettings): boolean {
  if (!answer || endpoint === 'embeddings' || endpoint === 'models') return false
  return routes === undefined || (event.route_id !== null && routes.includes(event.route_id))
}

/** Everything of the answer that the client could read. */
export function textOfAnswer({ answer }: Observation, maxChars: number): string {
  const texts: string[] = []
  for (const { content, reasoning, refusal, toolCalls } of answer?.choices ?? []) {
    for (const text of [reasoning, content, refusal]) if (text) texts.push(text)
    for (const call of toolCalls ?? []) texts.push(call.arguments)
  }
  return texts.join('\n').slice(0, maxChars)
}

/** What the local checks find in an answer. The same for the same log entry. */
export async function inspectAnswer(
  observation: Observation,
  settings: AnswerSettings,
): Promise<readonly Finding[]> {
  if (!isReadable(observation, settings)) return []
  const text = textOfAnswer(observation, settings.max_chars)
  if (text === '') return []
  const findings: Finding[] = []
  const leak = settings.leak ? await leakIn(text, observation) : undefined
  if (leak !== undefined) findings.push(found('leak', leak, ['system_prompt']))
  if (settings.secret_kinds.length > 0) {
    const kinds = await secretKindsIn(text, new Set(settings.secret_kinds))
    if (kinds.size > 0) findings.push(found('secret', 1, [...kinds]))
  }
  return findings
}

/** A slice at a time, since an answer may be a list of ten thousand addresses. */
async function secretKindsIn(text: string, wanted: ReadonlySet<SecretKind>): Promise<Set<SecretKind>> {
  const kinds = new Set<SecretKind>()
  for (let from = 0; from < text.length; ) {
    const found: SecretSpan[] = []
    from = scanSecrets(text, from, Math.min(text.length, from + SECRET_CHARS), wanted, found)
    for (const { kind } of found) kinds.add(kind)
    if (from < text.length) await nextTurn()
  }
  return kinds
}

/** How much of the system prompt, as it was sent to the provider, the answer gives away; undefined: not enough to say so. */
async function leakIn(text: string, { endpoint, requestJson }: Observation): Promise<number | undefined> {
  if (!endpoint || !requestJson) return undefined
  const system: string[] = []
  const others: string[] = []
  const pause = every(STEPS_A_TURN)
  for (const part of textSteps(endpoint, requestJson)) {
    const turn = pause()
    if (turn) await turn
    if (!part) continue
    const isSystem = !part.external && (part.role === 'system' || part.role === 'developer')
    if (isSystem) system.push(part.text)
    else if (part.external) others.push(part.text)
  }
  if (system.length === 0) return undefined
  const { longestRun, share } = await overlap(system.join('\n'), text, others.join('\n'))
  const isLeak = longestRun >= LEAKED_RUN || (longestRun >= MIN_RUN && share >= LEAKED_SHARE)
  return isLeak ? Number(Math.max(share, Math.min(1, longestRun / (2 * LEAKED_RUN))).toFixed(3)) : undefined
}

function found(category: string, score: number, rules: readonly string[]): Finding {
  return { action: 'observe', category, score, rules, flags: [] }
}
