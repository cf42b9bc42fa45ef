import { type Endpoint, type JsonObject, type RequestView, requestFeatures } from '../../runner/plugin.ts'
import type { CacheConf } from './conf.ts'

/** Why a request is neither answered from the cache nor stored. */
export const BYPASS_REASONS = [
  'endpoint',
  'tools',
  'media',
  'temperature',
  'choices',
  'logprobs',
  'no_cache',
  'no_store',
  'bypass_header',
  'no_consumer',
  'flagged',
] as const
export type BypassReason = (typeof BYPASS_REASONS)[number]

const CACHED_ENDPOINTS: ReadonlySet<Endpoint> = new Set([
  'chat-completions',
  'completions',
  'responses',
  'messages',
])

export interface CacheDirectives {
  /** Answer from the cache is not wanted. */
  readonly noCache: boolean
  /** The answer must not be kept. */
  readonly noStore: boolean
  /** Seconds; an older entry is not wanted. */
  readonly maxAge: number | undefined
}

/** `Cache-Control` of the request, RFC 9111 section 5.2.1. */
export function cacheDirectives(header: string | undefined): CacheDirectives {
  const directives = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  const maxAge = directives.map((directive) => /^max-age="?(\d+)"?$/.exec(directive)?.[1]).find(Boolean)
  return {
    noCache: directives.includes('no-cache'),
    noStore: directives.includes('no-store'),
    maxAge: maxAge === undefined ? undefined : Number(maxAge),
  }
}

/** undefined: the request may be looked up and its answer stored. */
export function bypassReason(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: CacheConf,
): BypassReason | undefined {
  if (!CACHED_ENDPOINTS.has(endpoint)) return 'endpoint'
  if (conf.scope === 'consumer' && request.consumer === undefined) return 'no_consumer'
  const features = requestFeatures(endpoint, json)
  if (features.hasTools || features.hasToolResults) return 'tools'
  if (features.hasImages || features.hasAudio) return 'media'
  if ((features.temperature ?? 0) > conf.max_temperature) return 'temperature'
  if (features.n > 1) return 'choices'
  if (features.logprobs) return 'logprobs'
  const { noStore } = cacheDirectives(request.header('cache-control'))
  if (noStore) return 'no_store'
  const bypass = request.header('x-cache-bypass')
  return bypass !== undefined && bypass !== '0' && bypass !== 'false' ? 'bypass_header' : undefined
}
