import type { Call, Decision, Endpoint, JsonObject, RequestView, TextPart } from '../../runner/plugin.ts'
import { letPass, refuse } from './act.ts'
import { askChecks } from './ask-checks.ts'
import type { Guard } from './compile.ts'
import type { Verdict } from './detect/index.ts'
import { inspect, isExempt } from './inspect.ts'
import { judge } from './judge.ts'
import { maskParts, replaceParts } from './mask.ts'
import type { Finding } from './note.ts'
import { tokenFinding } from './token-prompts.ts'

export interface Subject {
  readonly request: RequestView
  readonly endpoint: Endpoint
  readonly json: JsonObject
  readonly parts: readonly TextPart[]
}

/**
 * Verdict > findings > decision. At once for short texts that need neither a mask nor an external check, which is
 * nearly all of them; else a promise. The call's signal is only looked at, and so only made, by external checks.
 */
export function decideOn(subject: Subject, guard: Guard, call: Call): Decision | Promise<Decision> {
  const { request, endpoint, json } = subject
  const tokens = tokenFinding(endpoint, json, guard.conf, isExempt(request.consumer, guard.conf))
  if (tokens) return conclude(subject, guard, [tokens], json)
  if (subject.parts.length === 0) return conclude(subject, guard, [], subject.json)
  const verdict = inspect(guard.detector, subject.parts)
  if (verdict instanceof Promise) return verdict.then((later) => decideBy(later, subject, guard, call))
  return decideBy(verdict, subject, guard, call)
}

function decideBy(
  verdict: Verdict,
  subject: Subject,
  guard: Guard,
  call: Call,
): Decision | Promise<Decision> {
  const findings = judge(verdict, guard.conf)
  const isMasked = findings.some((finding) => finding.action === 'mask')
  const isBlocked = findings.some((finding) => finding.action === 'block')
  if (isBlocked || (!isMasked && guard.checks.length === 0)) {
    return conclude(subject, guard, findings, subject.json)
  }
  return decideLater(verdict, findings, subject, guard, call)
}

/** The external services see what the provider would see: the masked texts. */
async function decideLater(
  verdict: Verdict,
  local: readonly Finding[],
  subject: Subject,
  guard: Guard,
  call: Call,
): Promise<Decision> {
  const { parts, failed } = await masked(verdict, local, subject.parts, guard)
  const findings = failed ? local.map(blocked) : local
  if (failed) return conclude(subject, guard, findings, subject.json)
  const asked = await askChecks(guard, parts, call.signal)
  const json = await replaceParts(subject.json, subject.parts, parts)
  return conclude(subject, guard, [...findings, ...asked], json)
}

/** Each round cuts the first passage of a rule in each text; attacks are rarely repeated more often than this. */
const MAX_ROUNDS = 8
/** Longer requests are cut once: to inspect them again takes as long as the first time. */
const MAX_CHARS_OF_ROUNDS = 32_768

/** `failed`: what is left when the passages are cut out is still an attack, or there was no passage to cut out. */
async function masked(
  verdict: Verdict,
  findings: readonly Finding[],
  parts: readonly TextPart[],
  guard: Guard,
): Promise<{ parts: readonly TextPart[]; failed: boolean }> {
  const toMask = findings.filter((finding) => finding.action === 'mask')
  if (toMask.length === 0) return { parts, failed: false }
  const attack = toMask.some((finding) => finding.category !== 'secret')
  const secrets = toMask.some((finding) => finding.category === 'secret')
  let after = await maskParts(parts, verdict, { attack, secrets })
  if (!attack) return { parts: after, failed: false }
  const chars = after.reduce((sum, { text }) => sum + text.length, 0)
  const rounds = chars <= MAX_CHARS_OF_ROUNDS ? MAX_ROUNDS : 1
  let again = await inspect(guard.detector, after)
  for (let round = 1; round < rounds && again.isAttack && again.rules.length > 0; round++) {
    after = await maskParts(after, again, { attack, secrets: false })
    again = await inspect(guard.detector, after)
  }
  return { parts: after, failed: again.isAttack || again.truncated }
}

function blocked(finding: Finding): Finding {
  return finding.action === 'mask' && finding.category !== 'secret'
    ? { ...finding, action: 'block' }
    : finding
}

/** Writes down what was found and does what the findings say. */
function conclude(subject: Subject, guard: Guard, findings: readonly Finding[], json: JsonObject): Decision {
  const { request, endpoint, parts } = subject
  for (const { category, action } of findings) guard.shared.verdict('request', category, action)
  if (findings.length > 0) {
    guard.shared.recorder.record(
      {
        requestId: request.id,
        timestampMs: request.receivedAt,
        direction: 'request',
        consumer: request.consumer ?? null,
        routeId: request.routeId,
        endpoint,
        texts: parts.map((part) => part.text),
      },
      findings,
    )
  }
  const blocking = findings.find((finding) => finding.action === 'block')
  if (blocking) return refuse(endpoint, blocking, findings, guard.conf)
  return letPass(endpoint, subject.json, json, findings, guard.conf)
}
