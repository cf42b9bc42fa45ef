import { type Endpoint, errorBody, type Stop } from '../../runner/plugin.ts'
import type { LimitName, Limits } from './limits.ts'
import type { Remaining, ReserveResult } from './store/usage-store.ts'

/** Headers as OpenAI names them; durations as OpenAI writes them (`1s`, `6m0s`). */
export function rateLimitHeaders(limits: Limits, remaining: Remaining): Record<string, string> {
  const headers: Record<string, string> = {}
  const { requests_per_minute: requests } = limits
  if (requests !== undefined && remaining.requests !== null) {
    headers['x-ratelimit-limit-requests'] = String(requests)
    headers['x-ratelimit-remaining-requests'] = String(remaining.requests)
    headers['x-ratelimit-reset-requests'] = duration(remaining.requestsResetMs)
  }
  const tokens = tokenLimit(limits)
  if (tokens !== undefined && remaining.tokens !== null) {
    headers['x-ratelimit-limit-tokens'] = String(tokens)
    headers['x-ratelimit-remaining-tokens'] = String(remaining.tokens)
    headers['x-ratelimit-reset-tokens'] = duration(remaining.tokensResetMs)
  }
  return headers
}

/** The tighter one is what the headers tell of; see `Remaining`. */
function tokenLimit({ tokens_per_minute: perMinute, tokens_per_day: perDay }: Limits): number | undefined {
  if (perMinute === undefined || perDay === undefined) return perMinute ?? perDay
  return Math.min(perMinute, perDay)
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.ceil(ms))}ms`
  const seconds = Math.ceil(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`
}

const DESCRIPTIONS: Readonly<Record<LimitName, string>> = {
  tokens_per_day: 'tokens per day',
  tokens_per_minute: 'tokens per minute',
  requests_per_minute: 'requests per minute',
  concurrent_requests: 'concurrent requests',
  usd_per_day: 'spending per day',
  usd_per_month: 'spending per month',
}
const QUOTAS: ReadonlySet<LimitName> = new Set(['tokens_per_day', 'usd_per_day', 'usd_per_month'])

/** What a request was refused for, beside the result. */
export interface Refused {
  readonly limits: Limits
  /** Tokens that the request would have reserved. */
  readonly tokens: number
  readonly quotaMessage: string | undefined
}

/** 429 in OpenAI's words: `insufficient_quota` where waiting a minute does not help, else `rate_limit_exceeded`. */
export function refusal(
  endpoint: Endpoint | undefined,
  result: Extract<ReserveResult, { allowed: false }>,
  headers: Record<string, string>,
  { limits, tokens, quotaMessage }: Refused,
): Stop {
  const quota = QUOTAS.has(result.exceeded)
  const seconds = Math.max(1, Math.ceil(result.retryAfterMs / 1000))
  const type = quota ? 'insufficient_quota' : result.exceeded === 'tokens_per_minute' ? 'tokens' : 'requests'
  return {
    kind: 'stop',
    status: 429,
    headers: { ...headers, 'retry-after': String(seconds) },
    body: errorBody(endpoint, {
      message:
        (quota ? quotaMessage : undefined) ??
        tooLarge(result.exceeded, limits, tokens) ??
        `Limit reached: ${DESCRIPTIONS[result.exceeded]}. Try again in ${seconds} s.`,
      type,
      code: quota ? 'insufficient_quota' : 'rate_limit_exceeded',
    }),
  }
}

/** For a request that no waiting helps. */
function tooLarge(exceeded: LimitName, limits: Limits, tokens: number): string | undefined {
  if (exceeded !== 'tokens_per_minute' && exceeded !== 'tokens_per_day') return undefined
  const limit = limits[exceeded]
  if (limit === undefined || tokens <= limit) return undefined
  return `Request too large: it may use ${tokens} tokens, and ${limit} ${DESCRIPTIONS[exceeded]} are allowed. Shorten it or lower max_tokens.`
}
