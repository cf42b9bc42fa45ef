import { hash } from 'node:crypto'
import {
  canonicalRequest,
  type Endpoint,
  type JsonObject,
  type RequestView,
  replaceText,
  type TextPart,
  textParts,
} from '../../runner/plugin.ts'
import { routeNote } from '../llm-router/note.ts'
import { tierOf } from '../tier.ts'
import type { CacheConf } from './conf.ts'

/** What identifies a request to the cache. The hashes cover everything that changes the answer. */
export interface CacheKey {
  readonly scope: string
  /** Of the whole canonical request: the exact layer. */
  readonly key: string
  /** Of the canonical request without its last user message, which a similar question must share; "" without one. */
  readonly context: string
  /** The last user message; "" when there is none. */
  readonly query: string
  /** Instructions or earlier turns come with it: what is no question may be what they are to work on. */
  readonly isInstructed: boolean
}

/** The body is written and hashed once: the key is a hash of context and question. */
export function cacheKeyOf(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: CacheConf,
): CacheKey {
  const scope = scopeOf(request, conf)
  const question = lastUserPart(endpoint, json)
  const rest = question ? replaceText(json, question.path, HOLE) : json
  const context = sha256(canonicalRequest(endpoint, rest) + target(request, conf) + keyHeaders(request, conf))
  if (!question) return { scope, key: sha256(`${context}.`), context: '', query: '', isInstructed: true }
  const key = sha256(`${context} ${question.text}`)
  return { scope, key, context, query: question.text, isInstructed: isInstructed(json, question) }
}

function isInstructed(json: JsonObject, { path }: TextPart): boolean {
  const [list = '', at = 0] = path
  const items = json[list]
  const { content } = (Array.isArray(items) ? (items[Number(at)] ?? {}) : {}) as { content?: unknown }
  return (
    ['system', 'instructions', 'prompt'].some((field) => json[field] !== undefined && json[field] !== null) ||
    (Array.isArray(items) && items.length > 1) ||
    (Array.isArray(content) && content.length > 1)
  )
}

/**
 * Stands where the question stood, since its place matters: an empty text in its stead would look like one that was
 * empty in the request. No text of a user's can feign it, because the question is the last one that is not empty.
 */
const HOLE = '\0question'

/**
 * Where a request goes that no router has resolved: then the path may name the model (Azure's deployments), and two
 * routes may lead to two models of the same name.
 */
function target(request: RequestView, { scope }: CacheConf): string {
  if (request.note(routeNote)) return ''
  const route = scope === 'consumer' || scope === 'tier' ? request.routeId : null
  // A new line: the canonical request, which comes before, ends with a bracket.
  return `\n${JSON.stringify([request.path, request.arg('api-version') ?? null, route])}`
}

function keyHeaders(request: RequestView, conf: CacheConf): string {
  let text = ''
  for (const given of conf.key_headers) {
    const name = given.toLowerCase()
    const values = request.headerAll(name)
    if (values.length > 0) text += `\n${JSON.stringify([name, ...values])}`
  }
  return text
}

/** UTF-8 has no half of a pair: texts that differ in one only must not be taken for each other. */
function sha256(text: string): string {
  return hash('sha256', text.isWellFormed() ? text : Buffer.from(text, 'utf16le'), 'base64url')
}

/**
 * The kind of scope is part of its name, and names are JSON strings, so no consumer, tier or route can be named such
 * that it falls into another one's scope.
 */
function scopeOf(request: RequestView, conf: CacheConf): string {
  switch (conf.scope) {
    case 'consumer':
      return JSON.stringify(['consumer', request.consumer ?? null])
    case 'tier':
      return JSON.stringify(['tier', request.note(routeNote)?.tier ?? tierOf(conf, request.consumer)])
    case 'route':
      return JSON.stringify(['route', request.routeId])
    case 'global':
      return JSON.stringify(['global'])
  }
}

/**
 * The text that similar questions may replace: the last one of a user's message that is not empty. undefined: there is
 * none. The prompt of a legacy completion is none either, because the model goes on from its very last letter.
 * Read from the end: most requests end with the user's message, however long the conversation before it is.
 */
export function lastUserPart(endpoint: Endpoint, json: JsonObject): TextPart | undefined {
  const key = LISTS[endpoint]
  const items = key === undefined ? undefined : json[key]
  if (key === undefined || !Array.isArray(items)) {
    return endpoint === 'responses' ? lastOf(textParts(endpoint, { input: items ?? '' })) : undefined
  }
  for (let i = items.length - 1; i >= 0; i--) {
    const item: unknown = items[i]
    if (!isUsers(item)) continue
    const part = lastOf(textParts(endpoint, { [key]: [item as JsonObject] }))
    if (part) return { ...part, path: [key, i, ...part.path.slice(2)] }
  }
  return undefined
}

const LISTS: Readonly<Partial<Record<Endpoint, string>>> = {
  'chat-completions': 'messages',
  messages: 'messages',
  responses: 'input',
}

/** Roles that no API documents may be anything, such as what a tool has observed. */
function isUsers(item: unknown): boolean {
  return typeof item === 'string' || (item as { role?: unknown } | null)?.role === 'user'
}

/** Not a participant's name, which is no question. */
function lastOf(parts: Iterable<TextPart>): TextPart | undefined {
  let last: TextPart | undefined
  for (const part of parts) if (part.role === 'user' && part.path[2] !== 'name') last = part
  return last
}
