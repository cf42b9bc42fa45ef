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
 * One string for all requests that ask for the same answer: keys sorted, transport and accounting fields, nulls and
 * universal defaults dropped at the top level, content of a single plain text part written as a string. What it does
 * not know stays in: an unknown field makes a different request. Linear in the body apart from sorting keys, and
 * deep nesting does not exhaust the stack.
 */
export function canonicalRequest(endpoint: Endpoint, body: unknown): string {
  return stableJson({ endpoint, request: isRecord(body) ? essence(body) : body })
}

function essence(body: JsonRecord): JsonRecord {
  const kept = Object.entries(body).filter(
    ([key, value]) =>
      value !== null && !silent.has(key) && !(defaults.has(key) && defaults.get(key) === value),
  )
  return Object.fromEntries(
    kept.map(([key, value]) => {
      const messages = (key === 'messages' || key === 'input') && Array.isArray(value)
      return [key, messages ? value.map(plainMessage) : value]
    }),
  )
}

function plainMessage(message: unknown): unknown {
  if (!isRecord(message) || !Array.isArray(message.content) || message.content.length !== 1) return message
  const part: unknown = message.content[0]
  if (!isRecord(part) || typeof part.text !== 'string' || Object.keys(part).length !== 2) return message
  const plain = part.type === 'text' || part.type === 'input_text'
  return plain ? { ...message, content: part.text } : message
}

type Task = { write: string } | { value: unknown }

function stableJson(root: unknown): string {
  const out: string[] = []
  const stack: Task[] = [{ value: root }]
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
    if ('write' in task) {
      out.push(task.write)
    } else if (Array.isArray(task.value)) {
      pushArray(stack, task.value)
    } else if (isRecord(task.value)) {
      pushRecord(stack, task.value)
    } else {
      out.push(JSON.stringify(task.value) ?? 'null')
    }
  }
  return out.join('')
}

function pushArray(stack: Task[], items: readonly unknown[]): void {
  if (items.every((item) => typeof item === 'number')) {
    stack.push({ write: JSON.stringify(items) })
    return
  }
  stack.push({ write: ']' })
  for (let index = items.length - 1; index >= 0; index--) {
    stack.push({ value: items[index] })
    if (index > 0) stack.push({ write: ',' })
  }
  stack.push({ write: '[' })
}

function pushRecord(stack: Task[], record: JsonRecord): void {
  const keys = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
  stack.push({ write: '}' })
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] ?? ''
    stack.push({ value: record[key] }, { write: `${index > 0 ? ',' : ''}${JSON.stringify(key)}:` })
  }
  stack.push({ write: '{' })
}
