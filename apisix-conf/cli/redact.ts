import { isRecord } from '../../runner/llm/json.ts'
import type { Resource } from './resource.ts'

const HIDDEN = '(secret)'
const SECRET_FIELD =
  /^(key|keys|api_?keys?|apikey|auth_header|authorization|cookie|.*(password|passwd|secret|token))$/i
/** Fields of that look which say where something is, not what it is. */
const HARMLESS_PARENTS = /\/(limit-(req|count|conn)|traffic-split|proxy-[a-z]+|upstreams?)$/
const HEADER_LINE = /^(authorization|api-key|x-api-key|cookie|proxy-authorization)\s*:/i
/** A reference to the environment of the runner or of this CLI says no secret. */
const REFERENCE = /^(Bearer )?\$\{\{?[A-Za-z_][A-Za-z0-9_]*(:[-=][^}]*)?\}?\}$|^\$(secret|env):\/\//i

/** Whether the string at this path must not be shown; the path begins with the kind of the object. */
function isSecret(path: readonly string[], value: unknown): boolean {
  if (typeof value === 'number') return false
  if (typeof value !== 'string' || value === '' || REFERENCE.test(value)) return false
  if (HEADER_LINE.test(value)) return true
  const field = [...path].reverse().find((part) => !/^\d+$/.test(part)) ?? ''
  if (!SECRET_FIELD.test(field)) return false
  const parent = `/${path.slice(0, path.lastIndexOf(field)).join('/')}`
  return !HARMLESS_PARENTS.test(parent)
}

/** A copy in which every secret is "(secret)". */
export function redact(value: unknown, path: readonly string[]): unknown {
  return mapSecrets(value, () => HIDDEN, path)
}

/** A copy in which every secret is what `replace` makes of its path and value. */
export function mapSecrets(
  value: unknown,
  replace: (path: readonly string[], secret: string) => string,
  path: readonly string[],
): unknown {
  if (Array.isArray(value)) return value.map((item, i) => mapSecrets(item, replace, [...path, String(i)]))
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, mapSecrets(item, replace, [...path, key])]),
    )
  }
  return isSecret(path, value) ? replace(path, value as string) : value
}

/** All secrets of some objects, longest first, to take them out of messages of others. */
export function secretsOf(resources: readonly Pick<Resource, 'kind' | 'value'>[]): string[] {
  const found = new Set<string>()
  for (const { kind, value } of resources) {
    mapSecrets(
      value,
      (_, secret) => {
        found.add(secret)
        return secret
      },
      [kind],
    )
  }
  return [...found].sort((a, b) => b.length - a.length)
}

const MIN_SCRUBBED_LENGTH = 4

/** The text without any of the secrets. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= MIN_SCRUBBED_LENGTH)
    .reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), text)
}
