import { createHash } from 'node:crypto'
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

/** What identifies a request to the cache. Both hashes cover everything that changes the answer. */
export interface CacheKey {
  readonly scope: string
  /** Of the whole canonical request: the exact layer. */
  readonly key: string
}

/** What a similar question must share, and the question itself. Only computed when the exact layer had nothing. */
export interface CacheQuestion {
  /** Of the canonical request without its last user message. */
  readonly context: string
  /** The last user message; "" when there is none. */
  readonly query: string
}

export function cacheKeyOf(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: CacheConf,
): CacheKey {
  return { scope: scopeOf(request, conf), key: digest(request, endpoint, json, conf) }
}

export function cacheQuestionOf(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: CacheConf,
): CacheQuestion {
  const question = lastUserPart(endpoint, json)
  if (!question) return { context: '', query: '' }
  const context = digest(request, endpoint, replaceText(json, question.path, ''), conf)
  return { context, query: question.text }
}

function digest(request: RequestView, endpoint: Endpoint, json: JsonObject, conf: CacheConf): string {
  const hash = createHash('sha256').update(canonicalRequest(endpoint, json))
  for (const name of conf.key_headers) {
    const value = request.header(name)
    // A new line: JSON, which comes before, has none outside its strings.
    if (value !== undefined) hash.update(`\n${JSON.stringify([name.toLowerCase(), value])}`)
  }
  return hash.digest('base64url')
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

export function lastUserPart(endpoint: Endpoint, json: JsonObject): TextPart | undefined {
  let last: TextPart | undefined
  for (const part of textParts(endpoint, json)) {
    if (part.role === 'user' || part.role === 'input') last = part
  }
  return last
}
