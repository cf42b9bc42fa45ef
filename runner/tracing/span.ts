import { createHash, randomBytes } from 'node:crypto'
import type { UsageEvent } from '../usage/event.ts'

/** A finished span, as OTLP has it. */
export interface Span {
  readonly traceId: Buffer
  readonly spanId: Buffer
  /** undefined: the root of its trace. */
  readonly parentSpanId: Buffer | undefined
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** undefined: the span is fine. */
  readonly error: string | undefined
}
export type AttributeValue = string | number | boolean | readonly string[]

/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

/** OpenTelemetry's names for what is asked (gen_ai.operation.name). */
const OPERATIONS: Readonly<Record<string, string>> = {
  'chat-completions': 'chat',
  responses: 'chat',
  messages: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
}

/**
 * One span for one usage event, with the attributes of the OpenTelemetry GenAI conventions. It joins the trace of the
 * request's `traceparent`; without one the trace id comes from the request id, so that a repeated event makes the same
 * trace. No prompt, no answer, no key.
 */
export function spanOf(event: UsageEvent, traceparent: string | undefined): Span {
  const [, traceId, parentId] = TRACEPARENT.exec(traceparent ?? '') ?? []
  const operation = OPERATIONS[event.endpoint ?? ''] ?? 'unknown'
  const known = Object.entries(attributesOf(event, operation)).filter(([, value]) => value !== null)
  return {
    traceId: traceId
      ? Buffer.from(traceId, 'hex')
      : createHash('sha256').update(event.request_id).digest().subarray(0, 16),
    spanId: randomBytes(8),
    parentSpanId: parentId ? Buffer.from(parentId, 'hex') : undefined,
    name: event.model === null ? operation : `${operation} ${event.model}`,
    startMs: event.timestamp_ms - (event.latency_ms ?? 0),
    endMs: event.timestamp_ms,
    attributes: Object.fromEntries(known) as Record<string, AttributeValue>,
    error: event.status >= 400 ? (event.error_type ?? String(event.status)) : undefined,
  }
}

function attributesOf(event: UsageEvent, operation: string): Record<string, AttributeValue | null> {
  const counted = event.usage_source !== 'none'
  return {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': event.provider,
    'gen_ai.request.model': event.requested_model,
    'gen_ai.response.model': event.response_model,
    'gen_ai.request.stream': event.stream,
    'gen_ai.response.finish_reasons': event.finish_reason === null ? null : [event.finish_reason],
    'gen_ai.response.time_to_first_chunk': event.ttft_ms === null ? null : event.ttft_ms / 1000,
    'gen_ai.usage.input_tokens': counted ? event.prompt_t : null,
    'gen_ai.usage.output_tokens': counted ? event.completion_t : null,
    'gen_ai.usage.cache_read.input_tokens': counted ? event.cached_t : null,
    'gen_ai.usage.cache_creation.input_tokens': counted ? event.cache_write_t : null,
    'gen_ai.usage.reasoning.output_tokens': counted ? event.reasoning_t : null,
    'error.type': event.status >= 400 ? (event.error_type ?? String(event.status)) : null,
    'http.response.status_code': event.status,
    'apisix.route_id': event.route_id,
    'apisix.consumer': event.consumer,
    'llm_gateway.request_id': event.request_id,
    'llm_gateway.outcome': event.outcome,
    'llm_gateway.cache': event.cache,
    'llm_gateway.fallback': event.fallback,
    'llm_gateway.usage_source': event.usage_source,
    'llm_gateway.cost_usd': event.cost_usd,
  }
}
