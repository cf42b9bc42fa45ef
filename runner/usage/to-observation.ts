import { outputTokens, type TokenUsage } from '../llm/index.ts'
import type { RequestRecord } from '../records/index.ts'
import type { DigestedEntry } from './digest.ts'
import type { UsageEvent, UsageOutcome } from './event.ts'
import type { LogEntry } from './log-entry.ts'
import { ReadObservation } from './read-observation.ts'

/** Log entry > usage event, as far as the wire tells; plugins fill in the rest (`enrich`). */
export function toObservation(
  digested: DigestedEntry,
  record: RequestRecord | undefined,
  nowMs: number,
): ReadObservation {
  const { entry, answer, endpoint, features } = digested
  const outcome = outcomeOf(digested, record)
  const usage = outcome === 'served' || outcome === 'refused' ? undefined : usageOf(digested)
  const output = usage ? (outputTokens(usage) ?? 0) : 0
  const timestampMs = entry.timeMs ?? nowMs
  const model = features?.model ?? entry.llm?.model ?? null
  const event: UsageEvent = {
    schema_version: 1,
    request_id: entry.requestId,
    timestamp: Math.floor(timestampMs / 1000),
    timestamp_ms: timestampMs,
    consumer: entry.consumer ?? record?.consumer ?? null,
    route_id: entry.routeId ?? record?.routeId ?? null,
    endpoint: endpoint ?? null,
    tier: null,
    provider: entry.provider ?? null,
    requested_model: model,
    model,
    response_model: answer?.model ?? null,
    stream: features?.stream ?? answer?.stream ?? false,
    status: entry.status,
    outcome,
    refused_by: outcome === 'refused' ? (record?.stoppedBy ?? 'apisix') : null,
    error_type: answer?.error?.type ?? null,
    finish_reason: answer?.finishReason ?? null,
    prompt_t: usage?.promptTokens ?? 0,
    completion_t: output,
    total_t: usage?.totalTokens ?? (usage?.promptTokens ?? 0) + output,
    cached_t: usage?.cachedTokens ?? 0,
    cache_write_t: usage?.cacheWriteTokens ?? 0,
    reasoning_t: usage?.reasoningTokens ?? 0,
    audio_prompt_t: usage?.audioInputTokens ?? 0,
    audio_completion_t: usage?.audioOutputTokens ?? 0,
    usage_source: usage && isWhole(usage) ? 'provider' : 'none',
    usage_estimated: false,
    cost_usd: null,
    cost: null,
    currency: null,
    saved_usd: null,
    cache: null,
    cache_similarity: null,
    fallback: entry.upstreamStatuses.length > 1,
    fallback_reason: null,
    attempts: entry.upstreamStatuses.map((status) => ({ provider: entry.provider ?? null, model, status })),
    latency_ms: entry.requestTimeMs ?? null,
    ttft_ms: entry.upstreamStatuses.length === 0 ? null : (entry.headerTimeMs ?? null),
    request_bytes: entry.requestBody === undefined ? null : Buffer.byteLength(entry.requestBody),
    response_bytes: entry.responseBytes ?? null,
    flags: [],
  }
  const { notes = {}, traceparent } = record ?? {}
  return ReadObservation.of(
    { event, endpoint, retryAfter: entry.retryAfter, notes, traceparent },
    entry,
    answer,
  )
}

/** In the log a client that left has no completion mark; a stream that the provider cut has one, and an empty body. */
function outcomeOf({ entry, answer }: DigestedEntry, record: RequestRecord | undefined): UsageOutcome {
  // ai-proxy calls the provider by itself: nginx knows of no upstream, but there are its counts.
  if (entry.upstreamStatuses.length === 0 && !entry.llm) {
    if (record && record.outcome !== 'forwarded') return record.outcome
    // Nginx notes no upstream status when the client leaves before the response head.
    if (record && entry.completed === false) return 'client_disconnected'
    return entry.status < 400 ? 'served' : 'refused'
  }
  if (entry.completed === false) return 'client_disconnected'
  if (entry.status >= 400 || answer?.error) return 'upstream_error'
  const cut =
    entry.responseBody === '' || (answer?.stream === true && !answer.complete && !cutByTheLog(entry))
  return cut ? 'upstream_cut' : 'completed'
}

/** http-logger keeps `max_resp_body_bytes` of a body; the client got all of it. */
function cutByTheLog(entry: LogEntry): boolean {
  return Buffer.byteLength(entry.responseBody ?? '') < (entry.responseBytes ?? 0)
}

/**
 * What the provider said, or ai-proxy where there is no body. Of an answer that broke off it may be one side: a stream of
 * Anthropic tells the input first and the output last. Whoever estimates the other side finds this one in the event.
 */
function usageOf({ entry, answer }: DigestedEntry): TokenUsage | undefined {
  const usage = answer?.usage
  if (usage && isWhole(usage)) return usage
  if (usage && !entry.llm && entry.status < 400) return usage
  if (!entry.llm) return undefined
  const { promptTokens = 0, completionTokens = 0 } = entry.llm
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens }
}

function isWhole(usage: TokenUsage): boolean {
  return usage.promptTokens !== undefined && outputTokens(usage) !== undefined
}
