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
  const rest = question ? replaceText(json, question.path, '') : json
  const context = sha256(canonicalRequest(endpoint, rest) + keyHeaders(request, conf))
  return question
    ? { scope, key: sha256(`${context} ${question.text}`), context, query: question.text }
    : { scope, key: sha256(`${context}.`), context: '', query: '' }
}

function keyHeaders(request: RequestView, conf: CacheConf): string {
  let text = ''
  for (const name of conf.key_headers) {
    const value = request.header(name)
    // A new line: the canonical request, which comes before, ends with a bracket.
    if (value !== undefined) text += `\n${JSON.stringify([name.toLowerCase(), value])}`
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

/** Read from the end: most requests end with the user's message, however long the conversation before it is. */
export function lastUserPart(endpoint: Endpoint, json: JsonObject): TextPart | undefined {
  const key = endpoint === 'responses' ? 'input' : 'messages'
  const items = json[key]
  if (!Array.isArray(items)) return lastOf(textParts(endpoint, json))
  for (let i = items.length - 1; i >= 0; i--) {
    const part = lastOf(textParts(endpoint, { [key]: [items[i]] }))
    if (part) return { ...part, path: [key, i, ...part.path.slice(2)] }
  }
  return lastOf(textParts(endpoint, { ...json, [key]: [] }))
}

function lastOf(parts: Iterable<TextPart>): TextPart | undefined {
  let last: TextPart | undefined
  for (const part of parts) if (part.role === 'user' || part.role === 'input') last = part
  return last
}
