import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Endpoint,
  type JsonObject,
  type RequestView,
  type TextPart,
  textSteps,
} from '../../runner/plugin.ts'
import { tierOf } from '../tier.ts'
import type { GuardConf } from './conf.ts'
import type { Detector, InspectInput, Verdict } from './detect/index.ts'
import { every } from './turns.ts'

/** Texts that are inspected at one go, since each costs some microseconds however short it is. */
const SYNC_TEXTS = 128
/** What is walked over at one go, texts or not: about a microsecond each. */
const STEPS_A_TURN = 1_000

/**
 * The texts of a request that the guard has to look at; none for who is exempt. A promise only where they are so many
 * that collecting them would hold up the event loop.
 */
export function partsToInspect(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: GuardConf,
): readonly TextPart[] | Promise<readonly TextPart[]> {
  if (isExempt(request.consumer, conf)) return []
  const roles: readonly string[] = conf.inspect_roles
  const parts: TextPart[] = []
  const all = textSteps(endpoint, json)
  for (let seen = 0; seen < STEPS_A_TURN; seen++) {
    const { done, value: part } = all.next()
    if (done) return parts
    if (part && isInspected(part, roles)) parts.push(part)
  }
  return collectRest(all, parts, roles)
}

const isInspected = ({ external, role }: TextPart, roles: readonly string[]): boolean =>
  external || roles.includes(role)

async function collectRest(
  all: Iterable<TextPart | undefined>,
  parts: TextPart[],
  roles: readonly string[],
): Promise<readonly TextPart[]> {
  const pause = every(STEPS_A_TURN)
  await nextTurn()
  for (const part of all) {
    if (part && isInspected(part, roles)) parts.push(part)
    const turn = pause()
    if (turn) await turn
  }
  return parts
}

/** A promise only where the texts are long or many: most are not, and a promise costs them more than it gives. */
export function inspect(detector: Detector, parts: readonly TextPart[]): Verdict | Promise<Verdict> {
  if (parts.length > SYNC_TEXTS) return inspectMany(detector, parts)
  let chars = 0
  for (const part of parts) chars += part.text.length
  const inputs = parts.map(toInput)
  return chars <= detector.charsAtOnce ? detector.inspectSync(inputs) : detector.inspect(inputs)
}

async function inspectMany(detector: Detector, parts: readonly TextPart[]): Promise<Verdict> {
  const inputs: InspectInput[] = []
  const pause = every(STEPS_A_TURN)
  for (const part of parts) {
    inputs.push(toInput(part))
    const turn = pause()
    if (turn) await turn
  }
  return detector.inspect(inputs)
}

/** Who is exempt is not inspected; the operator's constraint holds for all. */
export function isExempt(consumer: string | undefined, conf: GuardConf): boolean {
  if (consumer !== undefined && conf.exempt_consumers.includes(consumer)) return true
  return conf.exempt_tiers.length > 0 && conf.exempt_tiers.includes(tierOf(conf, consumer))
}

function toInput({ role, text }: TextPart) {
  switch (role) {
    case 'tool':
    case 'assistant':
    case 'system':
      return { text, origin: role }
    case 'developer':
      return { text, origin: 'system' as const }
    case 'user':
    case 'input':
      return { text, origin: 'user' as const }
  }
}
