import { type Static, Type } from 'typebox'

/**
 * The usage event: one per client request, whatever became of it. This schema is the source of the type, of
 * schemas/usage-event.schema.json and of the columns in schemas/clickhouse. Names follow the billing feed
 * (`prompt_t`, `cost_usd`); where it has none, the OpenAI API and the OpenTelemetry GenAI conventions.
 */
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])
const tokens = (description: string) => Type.Integer({ minimum: 0, description })
const money = (description: string) => Type.String({ pattern: '^-?\\d+(\\.\\d+)?$', description })

const OUTCOMES = [
  'completed',
  'client_disconnected',
  'upstream_cut',
  'upstream_error',
  'served',
  'refused',
] as const

const Attempt = Type.Object(
  {
    provider: nullable(Type.String()),
    model: nullable(Type.String()),
    status: nullable(Type.Integer()),
  },
  { additionalProperties: false },
)

export const UsageEventSchema = Type.Object(
  {
    schema_version: Type.Literal(1),
    request_id: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Key of the bill: an event is committed once.',
    }),
    timestamp: Type.Integer({ description: 'End of the request, seconds since the epoch.' }),
    timestamp_ms: Type.Integer({ description: 'The same in milliseconds.' }),
    consumer: nullable(Type.String({ description: 'APISIX consumer; null before authentication.' })),
    route_id: nullable(Type.String()),
    endpoint: nullable(
      Type.String({ description: 'chat-completions, completions, responses, embeddings, messages.' }),
    ),
    tier: nullable(Type.String()),
    provider: nullable(Type.String({ description: 'Who answered, gen_ai.provider.name.' })),
    requested_model: nullable(Type.String({ description: 'As the client wrote it, gen_ai.request.model.' })),
    model: nullable(Type.String({ description: 'As it was sent to the provider that answered.' })),
    response_model: nullable(
      Type.String({ description: 'As the provider named it, gen_ai.response.model.' }),
    ),
    stream: Type.Boolean(),
    status: Type.Integer({ description: 'HTTP status that the client got.' }),
    outcome: Type.Union(OUTCOMES.map((outcome) => Type.Literal(outcome))),
    refused_by: nullable(Type.String({ description: 'Plugin that stopped the request.' })),
    error_type: nullable(Type.String()),
    finish_reason: nullable(Type.String()),
    prompt_t: tokens('Input tokens, cached and cache-write ones included.'),
    completion_t: tokens('Output tokens, reasoning included.'),
    total_t: tokens('As the provider summed it, else prompt_t + completion_t.'),
    cached_t: tokens('Input tokens read from the provider’s cache.'),
    cache_write_t: tokens('Input tokens written to the provider’s cache.'),
    reasoning_t: tokens('Output tokens spent on reasoning.'),
    audio_prompt_t: tokens('Input tokens that were audio; many models have another price for them.'),
    audio_completion_t: tokens('Output tokens that were audio.'),
    usage_source: Type.Union(
      ['provider', 'tokenizer', 'bytes', 'none'].map((source) => Type.Literal(source)),
      {
        description: 'Where the token numbers come from; none: no provider was called.',
      },
    ),
    usage_estimated: Type.Boolean(),
    cost_usd: nullable(money('Exact decimal; null when the model has no price.')),
    cost: nullable(money('In the currency of the price.')),
    currency: nullable(Type.String()),
    saved_usd: nullable(money('What a cache hit would have cost.')),
    cache: nullable(Type.Union(['hit', 'miss', 'bypass'].map((cache) => Type.Literal(cache)))),
    cache_similarity: nullable(Type.Number()),
    fallback: Type.Boolean({ description: 'Another provider than the first choice was used.' }),
    fallback_reason: nullable(Type.String()),
    attempts: Type.Array(Attempt, { description: 'Upstream attempts in order.' }),
    latency_ms: nullable(Type.Integer({ description: 'Whole request, as APISIX measured it.' })),
    ttft_ms: nullable(
      Type.Integer({ description: 'To the response head of the answering attempt: the closest to TTFT.' }),
    ),
    request_bytes: nullable(Type.Integer()),
    response_bytes: nullable(Type.Integer()),
    flags: Type.Array(Type.String(), { description: 'What plugins marked, e.g. guard:override.' }),
  },
  { additionalProperties: false, $id: 'usage-event', title: 'Usage event (Kafka topic llm-usage-events)' },
)

type Loose = Static<typeof UsageEventSchema>
export type UsageOutcome = (typeof OUTCOMES)[number]

export type UsageEvent = Readonly<
  Omit<Loose, 'outcome' | 'usage_source' | 'cache' | 'attempts'> & {
    outcome: UsageOutcome
    usage_source: 'provider' | 'tokenizer' | 'bytes' | 'none'
    cache: 'hit' | 'miss' | 'bypass' | null
    attempts: readonly { provider: string | null; model: string | null; status: number | null }[]
  }
>

/** What a plugin may fill in: everything but the identity of the event. */
export type UsageFields = Omit<UsageEvent, 'schema_version' | 'request_id' | 'timestamp' | 'timestamp_ms'>
