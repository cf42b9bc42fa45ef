import type { JsonRecord } from './json.ts'
import { isRecord } from './json.ts'
import type { Endpoint } from './types.ts'

/** They steer transport, accounting or the provider's own caches, never what the model says. */
const silent = new Set([
  'stream',
  'stream_options',
  'user',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'store',
  'service_tier',
  'background',
])

/** Saying them is the same as leaving them out, with every provider. (Not so temperature and top_p.) */
const defaults = new Map<string, unknown>([
  ['n', 1],
  ['presence_penalty', 0],
  ['frequency_penalty', 0],
  ['logprobs', false],
  ['top_logprobs', 0],
  ['echo', false],
])

/**
 * One string for all requests that ask for the same answer, and another one for any other: keys sorted, transport and
 * accounting fields, nulls and universal defaults dropped at the top level, content of a single plain text part written
 * as a string. What it does not know stays in: an unknown field makes a different request. It is for hashing, not for
 * reading: a string stands there with its length, not quoted, since quoting costs three times as much as all the rest.
 * Linear in the body apart from sorting keys. Recursive: the runner refuses bodies nested deeper than 100 levels.
 */
export function canonicalRequest(endpoint: Endpoint, body: unknown): string {
  return `${endpoint},${isRecord(body) ? record(body, essentialKeys(body), topValue) : written(body)}`
}

function essentialKeys(body: JsonRecord): string[] {
  return Object.keys(body).filter((key) => {
    const value = body[key]
    return value !== null && !silent.has(key) && !(defaults.has(key) && defaults.get(key) === value)
  })
}

function topValue(value: unknown, key: string): string {
  return (key === 'messages' || key === 'input') && Array.isArray(value)
    ? list(value, writtenMessage)
    : written(value)
}

function writtenMessage(message: unknown): string {
  return written(plainMessage(message))
}

function plainMessage(message: unknown): unknown {
  if (!isRecord(message) || !Array.isArray(message.content) || message.content.length !== 1) return message
  const part: unknown = message.content[0]
  if (!isRecord(part) || typeof part.text !== 'string' || Object.keys(part).length !== 2) return message
  const plain = part.type === 'text' || part.type === 'input_text'
  return plain ? { ...message, content: part.text } : message
}

function written(value: unknown): string {
  if (typeof value === 'string') return counted(value)
  if (Array.isArray(value)) return list(value, written)
  return isRecord(value) ? record(value, Object.keys(value), written) : String(value)
}

function counted(text: string): string {
  return `${text.length}"${text}`
}

function list(items: readonly unknown[], write: (item: unknown) => string): string {
  let out = '['
  for (const item of items) out += `${write(item)},`
  return `${out}]`
}

function record(parent: JsonRecord, keys: string[], write: (item: unknown, key: string) => string): string {
  let out = '{'
  for (const key of keys.sort()) {
    const value = parent[key]
    // What a plugin made may hold it; it goes out without that key.
    if (value !== undefined) out += `${counted(key)}${write(value, key)},`
  }
  return `${out}}`
}
