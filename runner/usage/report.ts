import type { Metrics } from '../services/index.ts'
import type { UsageEvent } from './event.ts'
import type { FanOutReport } from './fan-out.ts'
import type { IntakeReport } from './intake.ts'
import type { PostResult } from './receiver.ts'

/** Token buckets of OpenTelemetry's gen_ai.client.token.usage. */
const TOKEN_BUCKETS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576]
/** Seconds, of gen_ai.client.operation.duration. */
const DURATION_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]

export type UsageReport = IntakeReport & FanOutReport & { post(result: PostResult, bytes: number): void }

/**
 * The usage flow on the metrics page. Provider and tier come from route confs, models only as far as a route's conf
 * names them (`model` is what was sent to the provider): closed sets, none of them a client's free text.
 */
export function reportUsage(metrics: Metrics): UsageReport {
  const events = metrics.counter('llm_requests_total', 'Requests by how they ended.', [
    'outcome',
    'provider',
    'status',
  ])
  const tokens = metrics.histogram('gen_ai_client_token_usage', 'Tokens of a request.', TOKEN_BUCKETS, [
    'gen_ai_token_type',
    'gen_ai_provider_name',
  ])
  const duration = metrics.histogram(
    'gen_ai_client_operation_duration_seconds',
    'Whole requests.',
    DURATION_BUCKETS,
    ['gen_ai_operation_name', 'gen_ai_provider_name'],
  )
  const firstToken = metrics.histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'To the response head of the answering attempt.',
    DURATION_BUCKETS,
    ['gen_ai_provider_name'],
  )
  const estimated = metrics.counter('llm_usage_estimated_total', 'Events whose tokens are an estimate.', [
    'source',
  ])
  const duplicates = metrics.counter('llm_usage_duplicates_total', 'Log entries that came again.')
  const rejected = metrics.counter('llm_usage_rejected_total', 'Log entries that could not be read.')
  const enrichFailures = metrics.counter('llm_usage_enrich_failures_total', 'Events with a detail missing.', [
    'plugin',
  ])
  const observerFailures = metrics.counter('llm_usage_observer_failures_total', 'Observers that failed.', [
    'plugin',
  ])
  const dropped = metrics.counter(
    'llm_usage_observations_dropped_total',
    'Observations dropped by a full queue.',
  )
  const waiting = metrics.gauge('llm_usage_observations_waiting', 'Observations that wait for an observer.')
  const posts = metrics.counter('llm_usage_posts_total', 'Posts of http-logger.', ['result'])
  const postBytes = metrics.counter('llm_usage_post_bytes_total', 'Bytes of accepted posts.')
  return {
    event: (event) => {
      const provider = event.provider ?? 'none'
      events.inc({ outcome: event.outcome, provider, status: `${Math.floor(event.status / 100)}xx` })
      if (event.usage_source !== 'none') observeTokens(event, provider)
      if (event.usage_estimated) estimated.inc({ source: event.usage_source })
      if (event.latency_ms !== null) {
        duration.observe(
          { gen_ai_operation_name: event.endpoint ?? 'unknown', gen_ai_provider_name: provider },
          event.latency_ms / 1000,
        )
      }
      if (event.ttft_ms !== null) firstToken.observe({ gen_ai_provider_name: provider }, event.ttft_ms / 1000)
    },
    duplicate: () => duplicates.inc(),
    rejected: (count) => rejected.inc(count),
    enrichFailed: (plugin) => enrichFailures.inc({ plugin }),
    failed: (plugin) => observerFailures.inc({ plugin }),
    dropped: (count) => dropped.inc(count),
    waiting: (count) => waiting.set(count),
    post: (result, bytes) => {
      posts.inc({ result })
      postBytes.inc(bytes)
    },
  }

  function observeTokens(event: UsageEvent, provider: string): void {
    tokens.observe({ gen_ai_token_type: 'input', gen_ai_provider_name: provider }, event.prompt_t)
    tokens.observe({ gen_ai_token_type: 'output', gen_ai_provider_name: provider }, event.completion_t)
  }
}
