import {
  appendSystemPrompt,
  type Decision,
  type Endpoint,
  errorBody,
  type JsonObject,
  PASS,
  type RequestPatch,
  type Stop,
} from '../../runner/plugin.ts'
import type { GuardConf } from './conf.ts'
import type { Finding } from './note.ts'

/** Why a client is refused, in the words of the API. What is not listed is an attack. */
const REFUSALS: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  deny: { code: 'content_policy_violation', status: 400 },
  secret: { code: 'content_policy_violation', status: 400 },
  content: { code: 'content_policy_violation', status: 400 },
  token_prompt: { code: 'token_prompt', status: 400 },
  check_failed: { code: 'content_check_unavailable', status: 503 },
}
const ATTACK = { code: 'detected_prompt_injection', status: 400 }

/** Stops the request, in the error format of its API. */
export function refuse(
  endpoint: Endpoint,
  blocking: Finding,
  findings: readonly Finding[],
  conf: GuardConf,
): Stop {
  const { code, status } = REFUSALS[blocking.category] ?? ATTACK
  const error = errorFor(blocking, code, conf)
  return {
    kind: 'stop',
    status,
    ...(status === 503 ? { headers: { 'retry-after': '5' } } : {}),
    body: errorBody(endpoint, error),
    note: { findings },
  }
}

/** The operator's message, except where the client has to know what else it could do. */
function errorFor({ category }: Finding, code: string, { message }: GuardConf) {
  switch (category) {
    case 'check_failed':
      return {
        message: 'The request could not be checked. Try again later.',
        type: 'service_unavailable',
        code,
      }
    case 'token_prompt':
      return {
        message: 'A prompt of tokens cannot be inspected. Send it as text.',
        type: 'invalid_request_error',
        code,
      }
    default:
      return { message, type: 'invalid_request_error', code }
  }
}

export function refuseUnknown(): Stop {
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

/** Lets the request go on: with the constraint, with what a mask left of it, and flagged when something was found. */
export function letPass(
  endpoint: Endpoint,
  received: JsonObject,
  masked: JsonObject,
  findings: readonly Finding[],
  conf: GuardConf,
): Decision {
  const append = conf.system_prompt_append
  if (append !== undefined && addedChars(endpoint, masked, append) > MAX_ADDED_CHARS)
    return refuseBatch(findings)
  const json = append === undefined ? masked : appendSystemPrompt(endpoint, masked, append)
  const flagged = findings.filter(({ action }) => action === 'flag' || action === 'mask')
  const patch: RequestPatch = {
    ...(json === received ? {} : { json }),
    ...(flagged.length === 0 ? {} : { respHeaders: { 'x-guard-flag': categoriesOf(flagged).join(', ') } }),
  }
  const isSame = Object.keys(patch).length === 0
  if (findings.length > 0) {
    const note = { findings }
    return isSame ? { kind: 'pass', note } : { kind: 'rewrite', patch, note }
  }
  return isSame ? PASS : { kind: 'rewrite', patch }
}

/** A batch of completions carries the constraint with each prompt: 50,000 of one letter could become a gigabyte. */
const MAX_ADDED_CHARS = 1_000_000

function addedChars(endpoint: Endpoint, { prompt }: JsonObject, append: string): number {
  return endpoint === 'completions' && Array.isArray(prompt) ? prompt.length * append.length : 0
}

function refuseBatch(findings: readonly Finding[]): Stop {
  return {
    kind: 'stop',
    status: 400,
    body: errorBody('completions', {
      message: 'There are too many prompts in one request.',
      type: 'invalid_request_error',
      code: 'too_many_prompts',
    }),
    ...(findings.length > 0 ? { note: { findings } } : {}),
  }
}

export function categoriesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map((finding) => finding.category))]
}
