import {
  type Endpoint,
  type JsonObject,
  type RequestView,
  type TextPart,
  textParts,
} from '../../runner/plugin.ts'
import { tierOf } from '../tier.ts'
import type { GuardConf } from './conf.ts'
import type { Detector, Verdict } from './detect/index.ts'

/** Characters that are inspected at one go: about a millisecond. More gives way to the event loop in between. */
const SYNC_CHARS = 8_192

/** The texts of a request that the guard has to look at; none for who is exempt. */
export function partsToInspect(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: GuardConf,
): readonly TextPart[] {
  if (isExempt(request.consumer, conf)) return []
  const roles: readonly string[] = conf.inspect_roles
  const parts: TextPart[] = []
  for (const part of textParts(endpoint, json)) {
    if (part.external || roles.includes(part.role)) parts.push(part)
  }
  return parts
}

/** A promise only where the texts are long: most are not, and a promise costs them more than it gives. */
export function inspect(detector: Detector, parts: readonly TextPart[]): Verdict | Promise<Verdict> {
  let chars = 0
  for (const part of parts) chars += part.text.length
  const inputs = parts.map(toInput)
  return chars <= SYNC_CHARS ? detector.inspectSync(inputs) : detector.inspect(inputs)
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
