import type { Endpoint, JsonObject, RequestFeatures, RequestView } from '../../runner/plugin.ts'
import { guardNote } from '../prompt-guard/note.ts'
import type { CacheConf } from './conf.ts'

/** Why a request is neither answered from the cache nor stored. */
export const BYPASS_REASONS = [
  'endpoint',
  'tools',
  'media',
  'stateful',
  'temperature',
  'choices',
  'logprobs',
  'no_store',
  'bypass_header',
  'no_consumer',
  'flagged',
] as const
export type BypassReason = (typeof BYPASS_REASONS)[number]

/** Endpoints whose answers can be told again in their own format. */
export type CachedEndpoint = 'chat-completions' | 'completions' | 'responses' | 'messages'

const CACHED_ENDPOINTS: ReadonlySet<Endpoint> = new Set<CachedEndpoint>([
  'chat-completions',
  'completions',
  'responses',
  'messages',
])

export function isCached(endpoint: Endpoint): endpoint is CachedEndpoint {
  return CACHED_ENDPOINTS.has(endpoint)
}

export interface CacheDirectives {
  /** Answer from the cache is not wanted. */
  readonly noCache: boolean
  /** The answer must not be kept. */
  readonly noStore: boolean
  /** Seconds; an older entry is not wanted. */
  readonly maxAge: number | undefined
}

const NO_DIRECTIVES: CacheDirectives = { noCache: false, noStore: false, maxAge: undefined }

/** `Cache-Control` of the request, RFC 9111 section 5.2.1; what it does not know it passes over. */
export function cacheDirectives(values: readonly string[]): CacheDirectives {
  if (values.length === 0) return NO_DIRECTIVES
  const directives = values
    .join(',')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  const ages = directives.flatMap((directive) => /^max-age="?(\d{1,10})"?$/.exec(directive)?.[1] ?? [])
  return {
    noCache: directives.includes('no-cache'),
    noStore: directives.includes('no-store'),
    maxAge: ages.length === 0 ? undefined : Math.min(...ages.map(Number)),
  }
}

/** What a request may say about the cache, brought within the route's bounds. */
export interface CacheWishes {
  readonly directives: CacheDirectives
  readonly threshold: number
  readonly ttlS: number
  /** Reasons are wanted in the response. */
  readonly explain: boolean
}

/** Headers for the cache; they are not the provider's business. */
export const WISH_HEADERS = ['x-cache-threshold', 'x-cache-ttl', 'x-cache-debug', 'x-cache-bypass'] as const

export function wishesOf(request: RequestView, conf: CacheConf): CacheWishes {
  const threshold = decimal(request.header('x-cache-threshold'))
  const ttl = decimal(request.header('x-cache-ttl'))
  return {
    directives: cacheDirectives(request.headerAll('cache-control')),
    threshold:
      threshold === undefined ? conf.threshold : Math.min(1, Math.max(conf.min_threshold, threshold)),
    ttlS:
      ttl === undefined ? conf.ttl_s : Math.min(conf.max_ttl_s ?? conf.ttl_s, Math.max(1, Math.floor(ttl))),
    explain: isOn(request.header('x-cache-debug')),
  }
}

/**
 * Fields by which a provider looks things up by itself: its answers age, and bring citations. Of OpenAI and Perplexity,
 * xAI, DashScope, Azure, Anthropic, OpenRouter.
 */
const PROVIDER_TOOLS = [
  'web_search_options',
  'search_parameters',
  'enable_search',
  'search_options',
  'data_sources',
  'mcp_servers',
  'container',
  'plugins',
] as const

/** Fields by which a request goes on from, or leaves behind, something that the provider keeps. */
const STATE = ['previous_response_id', 'conversation', 'background'] as const

function says(json: JsonObject, fields: readonly string[]): boolean {
  return fields.some((field) => {
    const value = json[field]
    return (
      value !== undefined &&
      value !== null &&
      value !== false &&
      !(Array.isArray(value) && value.length === 0)
    )
  })
}

/** undefined: the request may be looked up and its answer stored. */
export function bypassReason(
  request: RequestView,
  json: JsonObject,
  features: RequestFeatures,
  wishes: CacheWishes,
  conf: CacheConf,
): BypassReason | undefined {
  // Observing is for rolling out: it must not change what happens.
  const findings = request.note(guardNote)?.findings ?? []
  if (findings.some(({ action }) => action !== 'observe')) return 'flagged'
  if (conf.scope === 'consumer' && request.consumer === undefined) return 'no_consumer'
  if (features.hasTools || features.hasToolResults || says(json, PROVIDER_TOOLS)) return 'tools'
  if (features.hasImages || features.hasAudio || features.hasOthers) return 'media'
  if (says(json, STATE)) return 'stateful'
  if ((features.temperature ?? 0) > conf.max_temperature) return 'temperature'
  if (features.n > 1) return 'choices'
  if (features.logprobs) return 'logprobs'
  if (wishes.directives.noStore) return 'no_store'
  return isOn(request.header('x-cache-bypass')) ? 'bypass_header' : undefined
}

function isOn(header: string | undefined): boolean {
  return header !== undefined && header !== '0' && header.toLowerCase() !== 'false'
}

/** Plain decimal notation only: what `Number` makes of anything else is not what the client meant. */
function decimal(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(header) ? Number(header) : undefined
}
