import { formatMoney } from '../../plugins/token-metering/cost/money.ts'
import type { CommitEntry } from '../../plugins/token-metering/store/usage-store.ts'
import type { UsageEvent } from '../../runner/plugin.ts'

export interface UsageEntryFields {
  readonly who: string
  readonly id: string
  readonly prompt: number
  readonly completion: number
  readonly picoUsd?: bigint
  readonly atMs: number
  readonly model?: string
}

/** A committed event as stores get it, with what a test cares about; days are UTC. */
export function usageEntry(fields: UsageEntryFields): CommitEntry {
  const iso = new Date(fields.atMs).toISOString()
  const picoUsd = fields.picoUsd ?? 0n
  return {
    event: { ...usageEvent(fields), cost: formatMoney(picoUsd), cost_usd: formatMoney(picoUsd) },
    consumer: fields.who,
    day: iso.slice(0, 10),
    month: iso.slice(0, 7),
    picoUsd,
  }
}

function usageEvent({ who, id, prompt, completion, atMs, model = 'gpt-4o' }: UsageEntryFields): UsageEvent {
  return {
    schema_version: 1,
    request_id: id,
    timestamp: Math.floor(atMs / 1000),
    timestamp_ms: atMs,
    consumer: who,
    route_id: 'llm',
    endpoint: 'chat-completions',
    tier: 'basic',
    provider: 'openai',
    requested_model: model,
    model,
    response_model: model,
    stream: false,
    status: 200,
    outcome: 'completed',
    refused_by: null,
    error_type: null,
    finish_reason: 'stop',
    prompt_t: prompt,
    completion_t: completion,
    total_t: prompt + completion,
    cached_t: 0,
    cache_write_t: 0,
    reasoning_t: 0,
    audio_prompt_t: 0,
    audio_completion_t: 0,
    usage_source: 'provider',
    usage_estimated: false,
    cost_usd: '0',
    cost: '0',
    currency: 'USD',
    saved_usd: null,
    cache: null,
    cache_similarity: null,
    fallback: false,
    fallback_reason: null,
    attempts: [{ provider: 'openai', model, status: 200 }],
    latency_ms: 100,
    ttft_ms: 50,
    request_bytes: 100,
    response_bytes: 1000,
    flags: [],
  }
}
