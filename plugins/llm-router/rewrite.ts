import type { Endpoint, JsonObject, RequestPatch, RequestView } from '../../runner/plugin.ts'
import type { Provider } from './catalogue/provider.ts'
import type { FallbackReason } from './state/fleet.ts'
import type { Candidate } from './targets/candidate.ts'

/** What the gateway tells the failover route of the attempt before (before_proxy in apisix-conf). */
export const FAILED_STATUS_HEADER = 'x-llm-failed-status'
export const RETRY_AFTER_HEADER = 'x-llm-retry-after'

/** Whatever a client may prove itself with, and what earlier passes sent to another provider. */
const CREDENTIAL_HEADERS = [
  'apikey',
  'authorization',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'proxy-authorization',
  'cookie',
  'openai-organization',
  'openai-project',
] as const

/** What APISIX's auth plugins tell upstreams about the caller. */
const INTERNAL_HEADERS = [
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-credential-identifier',
  'x-authenticated-groups',
  'x-userinfo',
  'x-access-token',
  'x-id-token',
  'x-refresh-token',
  'x-llm-provider',
  'x-llm-model',
  FAILED_STATUS_HEADER,
  RETRY_AFTER_HEADER,
] as const

const CREDENTIAL_ARGS = ['apikey', 'api_key', 'key', 'token', 'api-version'] as const

const HIDDEN_HEADERS: readonly string[] = [...CREDENTIAL_HEADERS, ...INTERNAL_HEADERS]

/** Deletes what no provider may see, as far as it is there. */
export function withoutCredentials(
  request: RequestView,
  moreHeaders: readonly string[],
): { headers: Record<string, string | null>; args: Record<string, string | null> } {
  const headers: Record<string, string | null> = {}
  const args: Record<string, string | null> = {}
  for (const name of HIDDEN_HEADERS) if (request.header(name) !== undefined) headers[name] = null
  for (const name of moreHeaders) if (request.header(name) !== undefined) headers[name] = null
  for (const name of CREDENTIAL_ARGS) if (request.arg(name) !== undefined) args[name] = null
  return { headers, args }
}

/**
 * The request as the chosen provider wants it.
 * @param json the body to send
 * @param reason why it is not the first choice; null: it is.
 */
export function rewriteFor(
  request: RequestView,
  candidate: Candidate,
  json: JsonObject,
  reason: FallbackReason | null,
  removeHeaders: readonly string[],
): RequestPatch {
  const { provider } = candidate
  const { headers, args } = withoutCredentials(request, removeHeaders)
  // A compressed answer could not be read from the log.
  if (request.header('accept-encoding') !== undefined) headers['accept-encoding'] = null
  for (const [name, value] of candidate.headers) {
    if (request.header(name) === undefined) headers[name] = value
  }
  Object.assign(headers, keyHeader(provider, request.endpoint), { 'x-llm-upstream': provider.upstream })
  Object.assign(args, provider.args)
  const fallback = reason !== null && { 'X-Model-Fallback': 'true', 'X-Fallback-Reason': reason }
  return {
    headers,
    respHeaders: fallback ? { ...candidate.respHeaders, ...fallback } : candidate.respHeaders,
    ...(Object.keys(args).length > 0 && { args }),
    ...(request.path !== candidate.path && { path: candidate.path }),
    ...(json !== request.json && { json }),
  }
}

function keyHeader(provider: Provider, endpoint: Endpoint | undefined): Record<string, string> {
  if (provider.auth === 'none') return {}
  const key = provider.keys.next()
  if (key === undefined) return {}
  switch (provider.auth) {
    case 'api-key':
    case 'x-api-key':
      return { [provider.auth]: key }
    case 'x-api-key-on-messages':
      return endpoint === 'messages' ? { 'x-api-key': key } : { authorization: `Bearer ${key}` }
    case 'bearer':
      return { authorization: `Bearer ${key}` }
  }
}
