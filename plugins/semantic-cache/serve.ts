import { type RequestFeatures, renderAnswer, type Stop } from '../../runner/plugin.ts'
import type { CachedEndpoint } from './eligible.ts'
import type { CacheNote } from './note.ts'
import type { CacheEntry } from './store/cache-store.ts'

export interface Hit {
  readonly entry: CacheEntry
  readonly layer: 'exact' | 'semantic'
  /** 1 for exact matches. */
  readonly similarity: number
}

/** A hit as the client expects an answer: JSON, or a whole SSE body for `stream: true`. It costs nothing: usage is zero. */
export function serve(
  hit: Hit,
  endpoint: CachedEndpoint,
  requestId: string,
  features: RequestFeatures,
  nowMs: number,
  explain = false,
): Stop {
  const { entry, similarity, layer } = hit
  const { stream } = features
  const body = renderAnswer(
    endpoint,
    {
      model: entry.model,
      usage: { promptTokens: 0, completionTokens: 0, totalTokens: 0 },
      choices: entry.choices.map((choice) => ({ ...choice, role: 'assistant' })),
    },
    {
      stream,
      includeUsage: features.wantsUsage,
      id: `cached-${requestId}`,
      created: Math.floor(nowMs / 1000),
      extra: { _cached: true },
    },
  )
  const note: CacheNote = {
    result: 'hit',
    layer,
    similarity,
    model: entry.model,
    saved_prompt_tokens: entry.promptTokens,
    saved_completion_tokens: entry.completionTokens,
  }
  return {
    kind: 'stop',
    status: 200,
    outcome: 'served',
    headers: {
      'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json',
      'cache-control': 'no-cache',
      'x-cache': 'HIT',
      'x-cache-similarity': similarity.toFixed(4),
      'x-cache-age': String(Math.max(0, Math.floor((nowMs - entry.storedMs) / 1000))),
      ...(explain ? { 'x-cache-reason': layer } : {}),
    },
    body,
    note,
  }
}
