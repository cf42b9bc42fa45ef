import { CheckError, type ContentService, type ServiceParts, verdictOf } from './check.ts'
import { isPointer, valueAt } from './json-pointer.ts'
import { postJson } from './post-json.ts'
import type { HttpSettings } from './settings.ts'

/** A service of the operator's: a JSON request with the text in it, a verdict somewhere in the JSON answer. */
export function httpCheck(settings: HttpSettings, parts: ServiceParts): ContentService {
  const { endpoint: url, verdict, label, score, max_chars: maxChars } = settings
  for (const pointer of [verdict, label, score]) {
    if (pointer !== undefined && !isPointer(pointer)) throw new Error(`"${pointer}" is no JSON pointer`)
  }
  if (!JSON.stringify(settings.request ?? null).includes(PLACEHOLDER)) {
    throw new Error(`the request has no ${PLACEHOLDER} in it`)
  }
  const judge = judgeBy(settings.violation)
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...settings.headers,
    ...Object.fromEntries(
      Object.entries(settings.headers_env).map(([name, variable]) => [name, parts.secret(variable)]),
    ),
  }
  return {
    maxChars,
    ask: async (text, signal) => {
      const body = JSON.stringify(filled(settings.request, text))
      const answer = await postJson({ url, headers, body, signal, ...parts })
      const violation = judge(valueAt(answer, verdict))
      if (violation === undefined) throw new CheckError('shape', `no usable verdict at ${verdict}`)
      return verdictOf(
        violation,
        label === undefined ? undefined : valueAt(answer, label),
        score === undefined ? undefined : valueAt(answer, score),
      )
    },
  }
}

const PLACEHOLDER = '{{text}}'

/** The template is the operator's and small; only its values are filled in, so that a text cannot break out of its place. */
function filled(template: unknown, text: string): unknown {
  if (typeof template === 'string') return template.replaceAll(PLACEHOLDER, () => text)
  if (Array.isArray(template)) return template.map((item) => filled(item, text))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, filled(value, text)]))
}

/** undefined: the verdict is of another type than what a violation would be, so it says nothing. */
function judgeBy(violation: unknown): (verdict: unknown) => boolean | undefined {
  if (typeof violation === 'boolean') {
    return (verdict) => (typeof verdict === 'boolean' ? verdict === violation : undefined)
  }
  if (typeof violation === 'string') return judgeBy([violation])
  if (Array.isArray(violation) && violation.every((word) => typeof word === 'string')) {
    return (verdict) => (typeof verdict === 'string' ? violation.includes(verdict) : undefined)
  }
  const atLeast = (violation as { at_least?: unknown } | null)?.at_least
  if (typeof atLeast === 'number') {
    return (verdict) => (typeof verdict === 'number' ? verdict >= atLeast : undefined)
  }
  throw new Error('violation must be a boolean, a string, a list of strings or {"at_least": number}')
}
