import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Endpoint,
  type JsonObject,
  type RequestView,
  type TextPart,
  textParts,
} from '../../runner/plugin.ts'
import { tierOf } from '../tier.ts'
import type { GuardConf } from './conf.ts'
import type { Detector, InspectInput, Verdict } from './detect/index.ts'
import { every } from './turns.ts'

/** Characters that are inspected at one go: about half a millisecond. More gives way to the event loop in between. */
const SYNC_CHARS = 8_192
/** The same for texts, since each costs some microseconds however short it is. */
const SYNC_TEXTS = 128
/** Texts that are collected at one go; to walk over one takes about a microsecond. */
const TEXTS_A_TURN = 1_000

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
  const all = textParts(endpoint, json)
  for (let seen = 0; seen < TEXTS_A_TURN; seen++) {
    const next = all.next()
    if (next.done) return parts
    if (next.value.external || roles.includes(next.value.role)) parts.push(next.value)
  }
  return collectRest(all, parts, roles)
}

async function collectRest(
  all: Iterable<TextPart>,
  parts: TextPart[],
  roles: readonly string[],
): Promise<readonly TextPart[]> {
  const pause = every(TEXTS_A_TURN)
  await nextTurn()
  for (const part of all) {
    if (part.external || roles.includes(part.role)) parts.push(part)
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
  return chars <= SYNC_CHARS ? detector.inspectSync(inputs) : detector.inspect(inputs)
}

async function inspectMany(detector: Detector, parts: readonly TextPart[]): Promise<Verdict> {
  const inputs: InspectInput[] = []
  const pause = every(TEXTS_A_TURN)
  for (const part of parts) {
    inputs.push(toInput(part))
    const turn = pause()
    if (turn) await turn
  }
  return detector.inspect(inputs)
}

function isExempt(consumer: string | undefined, conf: GuardConf): boolean {
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
