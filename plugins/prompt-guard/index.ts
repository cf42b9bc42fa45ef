import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import {
  appendSystemPrompt,
  type Decision,
  definePlugin,
  type Endpoint,
  errorBody,
  type JsonObject,
  type Log,
  PASS,
  type RequestPatch,
  type RequestView,
  replaceTexts,
  type TextPart,
  textParts,
} from '../../runner/plugin.ts'
import { tierOf } from '../tier.ts'
import { type GuardConf, GuardConfSchema } from './conf.ts'
import {
  compileUserPatterns,
  createDetector,
  type Detector,
  maskSecrets,
  type Verdict,
} from './detect/index.ts'
import type { GuardNote } from './note.ts'

interface Shared {
  readonly log: Log
  count(category: string, action: string): void
}

interface State {
  readonly conf: GuardConf
  readonly detector: Detector
  readonly shared: Shared
}

const SettingsSchema = Type.Object({}, { additionalProperties: false })

/** Inspects every text that comes from outside, acts on what it finds, and adds the operator's constraint. */
export default definePlugin<typeof GuardConfSchema, typeof SettingsSchema, Shared, State>({
  name: 'prompt-guard',
  description: 'Blocks prompt injection and leaks of secrets; appends a constraint to the system prompt.',
  conf: GuardConfSchema,
  settings: SettingsSchema,
  needs: { body: 'json' },
  onFailure: 'deny',
  open: (_settings, services) => {
    const verdicts = services.metrics.counter('llm_guard_verdicts_total', 'What the guard did.', [
      'category',
      'action',
    ])
    return { log: services.log, count: (category, action) => verdicts.inc({ category, action }) }
  },
  prepare: (loose: Static<typeof GuardConfSchema>, shared) => {
    const conf = loose as GuardConf
    return { conf, detector: detectorOf(conf), shared }
  },
  decide: async (request, { conf, detector, shared }) => {
    const { endpoint, json } = request
    if (endpoint === 'models') return PASS
    if (!endpoint || !json) return conf.unknown_endpoint === 'pass' ? PASS : unknownEndpoint()
    const exempt = isExempt(request, conf)
    const parts = exempt ? [] : [...textParts(endpoint, json)].filter((part) => isInspected(part, conf))
    const verdict = parts.length === 0 ? undefined : await detector.inspect(parts.map(toInput))
    const finding = verdict && judge(verdict, conf)
    if (finding) {
      shared.count(finding.category, finding.action)
      logFinding(shared.log, request, finding, parts)
      if (finding.action === 'block') return block(endpoint, finding, conf)
    }
    const masked = finding?.action === 'mask' && verdict ? mask(json, parts, verdict) : json
    const constrained =
      conf.system_prompt_append === undefined
        ? masked
        : appendSystemPrompt(endpoint, masked, conf.system_prompt_append)
    return rewrite(json, constrained, finding)
  },
})

function detectorOf(conf: GuardConf): Detector {
  return createDetector({
    threshold: conf.threshold,
    deny: compiled('deny_patterns', conf.deny_patterns),
    allow: compiled('allow_patterns', conf.allow_patterns),
    secrets: conf.secrets === 'off' ? false : conf.secret_kinds,
    budgetMs: conf.budget_ms,
  })
}

function compiled(name: string, list: readonly string[]) {
  const result = compileUserPatterns(list)
  if (result.ok) return result.patterns
  const reasons = result.errors.map(
    ({ index, pattern, reason }) => `/${name}/${index} "${pattern}": ${reason}`,
  )
  throw new Error(reasons.join('; '))
}

function isExempt(request: RequestView, conf: GuardConf): boolean {
  const { consumer } = request
  if (consumer !== undefined && conf.exempt_consumers.includes(consumer)) return true
  return conf.exempt_tiers.includes(tierOf(conf, consumer))
}

function isInspected(part: TextPart, conf: GuardConf): boolean {
  return part.external || (conf.inspect_roles as readonly string[]).includes(part.role)
}

function toInput(part: TextPart) {
  return { text: part.text, origin: part.role === 'tool' ? 'tool' : 'user' } as const
}

/** The worst that was found, or undefined. */
function judge(verdict: Verdict, conf: GuardConf): GuardNote | undefined {
  const found = (action: GuardNote['action'], category: string): GuardNote => ({
    action,
    category,
    score: Number(verdict.score.toFixed(3)),
    rules: [...new Set(verdict.rules.map((rule) => rule.id))].slice(0, 10),
    flags: verdict.flags,
  })
  if (verdict.truncated) return found('block', 'not_inspected')
  if (verdict.isAttack) {
    const own = Object.hasOwn(conf.category_actions, verdict.category)
      ? conf.category_actions[verdict.category]
      : undefined
    const action = own ?? conf.action
    if (action !== 'off') return found(action, verdict.category)
  }
  if (verdict.secrets.length > 0 && conf.secrets !== 'off') return found(conf.secrets, 'secret')
  return undefined
}

function block(endpoint: Endpoint, finding: GuardNote, conf: GuardConf): Decision {
  const code =
    finding.category === 'secret' || finding.category === 'deny'
      ? 'content_policy_violation'
      : 'detected_prompt_injection'
  return {
    kind: 'stop',
    status: 400,
    body: errorBody(endpoint, { message: conf.message, type: 'invalid_request_error', code }),
    note: finding,
  }
}

function unknownEndpoint(): Decision {
  return {
    kind: 'stop',
    status: 404,
    body: errorBody(undefined, {
      message: 'This path is no LLM API call that the gateway can inspect.',
      type: 'invalid_request_error',
      code: 'unknown_endpoint',
    }),
  }
}

function mask(json: JsonObject, parts: readonly TextPart[], verdict: Verdict): JsonObject {
  const replacements = parts.flatMap((part, i) => {
    const spans = verdict.secrets.filter((secret) => secret.text === i)
    return spans.length === 0 ? [] : [{ path: part.path, text: maskSecrets(part.text, spans) }]
  })
  return replaceTexts(json, replacements)
}

function rewrite(before: JsonObject, after: JsonObject, finding: GuardNote | undefined): Decision {
  const flagged = finding?.action === 'flag' || finding?.action === 'mask'
  const patch: RequestPatch = {
    ...(after === before ? {} : { json: after }),
    ...(flagged ? { respHeaders: { 'x-guard-flag': finding.category } } : {}),
  }
  if (!finding) return after === before ? PASS : { kind: 'rewrite', patch }
  return { kind: 'rewrite', patch, note: finding }
}

/** The record of a finding: enough to find the request again, nothing that could be read from it. */
function logFinding(log: Log, request: RequestView, finding: GuardNote, parts: readonly TextPart[]): void {
  const digest = createHash('sha256')
  let length = 0
  for (const { text } of parts) {
    digest.update(text)
    length += text.length
  }
  log.warn(
    {
      request_id: request.id,
      route: request.routeId,
      consumer: request.consumer ?? null,
      ...finding,
      text_length: length,
      text_sha256: digest.digest('hex').slice(0, 16),
    },
    'guard finding',
  )
}
