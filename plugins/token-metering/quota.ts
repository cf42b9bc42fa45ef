import {
  type Decision,
  type Endpoint,
  includeUsage,
  type JsonObject,
  type RequestPatch,
  type RequestView,
  requestFeatures,
} from '../../runner/plugin.ts'
import { routeNote } from '../llm-router/note.ts'
import type { MeteringConf } from './conf.ts'
import { countPrompt } from './count-prompt.ts'
import type { MeteringNote } from './note.ts'
import { rateLimitHeaders, refusal } from './refusal.ts'
import type { Shared } from './shared.ts'
import { ANONYMOUS } from './store/usage-store.ts'
import { tenantRefusal, tierAndLimits } from './tenants/apply.ts'

/** Reserves what the request may use, or refuses it; asks the provider for usage in streams. */
export async function meter(
  request: RequestView,
  endpoint: Endpoint,
  json: JsonObject,
  conf: MeteringConf,
  shared: Shared,
  signal: AbortSignal,
): Promise<Decision> {
  const { calendar, clock, counter, pricer, store } = shared
  const nowMs = clock.now()
  const route = request.note(routeNote)
  const consumer = request.consumer ?? ANONYMOUS
  const tenant = await shared.tenants?.get(consumer)
  const refused = tenantRefusal(endpoint, tenant, route?.requested_model ?? String(json.model))
  if (refused) return refused
  const { tier, limits } = tierAndLimits(conf, consumer, route?.tier, tenant, shared.tenantMode)
  const prompt = await countPrompt(endpoint, json, counter, signal)
  const { maxTokens } = requestFeatures(endpoint, json)
  const completion =
    endpoint === 'embeddings'
      ? 0
      : Math.min(maxTokens ?? conf.completion_reserve, conf.max_completion_reserve)
  const tokens = prompt.tokens + completion
  const target = route?.attempts.at(-1)
  const result = await store.reserve({
    requestId: request.id,
    consumer,
    tokens,
    picoUsd: pricer.expected(
      target?.provider ?? '',
      target?.model ?? String(json.model),
      prompt.tokens,
      completion,
      nowMs,
    ),
    limits,
    day: calendar.day(nowMs),
    month: calendar.month(nowMs),
    nowMs,
    expiresMs: nowMs + conf.reservation_ttl_s * 1000,
  })
  const headers = rateLimitHeaders(
    {
      requests: limits.requests_per_minute,
      tokens: tokenLimit(limits.tokens_per_minute, limits.tokens_per_day),
    },
    result.remaining,
  )
  const note: MeteringNote = {
    tier,
    prompt_tokens: prompt.tokens,
    prompt_exact: prompt.exact,
    reserved_tokens: tokens,
    ...(result.allowed ? {} : { exceeded: result.exceeded }),
  }
  shared.decided(tier, result.allowed ? 'allowed' : result.exceeded)
  if (!result.allowed) return { ...refusal(endpoint, result, headers, conf.quota_message), note }
  const withUsage = wantsUsageInjected(endpoint, conf, request) ? includeUsage(json) : json
  const patch: RequestPatch = { respHeaders: headers, ...(withUsage === json ? {} : { json: withUsage }) }
  return { kind: 'rewrite', patch, note }
}

/** The tighter one is what the headers tell of; see `Remaining`. */
function tokenLimit(perMinute: number | undefined, perDay: number | undefined): number | undefined {
  if (perMinute === undefined || perDay === undefined) return perMinute ?? perDay
  return Math.min(perMinute, perDay)
}

/** `stream_options` belongs to OpenAI's chat and legacy completions; others report usage in streams unasked. */
function wantsUsageInjected(endpoint: Endpoint, conf: MeteringConf, request: RequestView): boolean {
  if (conf.include_usage === 'never') return false
  if (endpoint !== 'chat-completions' && endpoint !== 'completions') return false
  return conf.include_usage === 'always' || request.note(routeNote)?.refuses_stream_options !== true
}
