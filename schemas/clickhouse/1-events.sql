-- Usage events, each request once. Run as `clickhouse-client --multiquery < 1-events.sql`, then 2 to 4 in order.
-- Money is Decimal(38, 12): the unit of the runner's arithmetic, so sums are exact. Nothing here is a float but a
-- similarity. What a request cost was decided when it happened (cost_usd is in the event): a later price changes no bill.

CREATE DATABASE IF NOT EXISTS llm;

-- Where events come in, from Kafka (2-kafka.sql) or by HTTP (settings `clickhouse` of token-metering). Keeps nothing.
-- Columns are named and typed as schemas/usage-event.schema.json; amounts are decimal strings there.
CREATE TABLE IF NOT EXISTS llm.usage_events_in
(
    schema_version   UInt16,
    request_id       String,
    timestamp        UInt64,
    timestamp_ms     Int64,
    consumer         Nullable(String),
    route_id         Nullable(String),
    endpoint         Nullable(String),
    tier             Nullable(String),
    provider         Nullable(String),
    requested_model  Nullable(String),
    model            Nullable(String),
    response_model   Nullable(String),
    stream           Bool,
    status           UInt16,
    outcome          String,
    refused_by       Nullable(String),
    error_type       Nullable(String),
    finish_reason    Nullable(String),
    prompt_t         UInt64,
    completion_t     UInt64,
    total_t          UInt64,
    cached_t         UInt64,
    cache_write_t    UInt64,
    reasoning_t      UInt64,
    audio_prompt_t   UInt64,
    audio_completion_t UInt64,
    usage_source     String,
    usage_estimated  Bool,
    cost_usd         Nullable(Decimal(38, 12)),
    cost             Nullable(Decimal(38, 12)),
    currency         Nullable(String),
    saved_usd        Nullable(Decimal(38, 12)),
    cache            Nullable(String),
    cache_similarity Nullable(Float64),
    fallback         Bool,
    fallback_reason  Nullable(String),
    attempts         Array(Tuple(provider Nullable(String), model Nullable(String), status Nullable(UInt16))),
    latency_ms       Nullable(UInt64),
    ttft_ms          Nullable(UInt64),
    request_bytes    Nullable(UInt64),
    response_bytes   Nullable(UInt64),
    flags            Array(String)
)
ENGINE = Null;

-- Each request once: rows of one request_id are merged, the last one that came stays. An event that is sent again has
-- the same consumer and time, so it meets the first one in its partition. Read it with FINAL, as the views here do:
-- merging happens in the background, FINAL does what has not happened yet.
-- `day` begins where the runner's `time_zone` says; change 'UTC' here when you change it there.
CREATE TABLE IF NOT EXISTS llm.usage_events
(
    request_id       String,
    event_time       DateTime64(3, 'UTC'),
    day              Date,
    consumer         LowCardinality(String),
    route_id         LowCardinality(String),
    endpoint         LowCardinality(String),
    tier             LowCardinality(String),
    provider         LowCardinality(String),
    requested_model  LowCardinality(String),
    model            LowCardinality(String),
    response_model   LowCardinality(String),
    stream           Bool,
    status           UInt16,
    outcome          LowCardinality(String),
    refused_by       LowCardinality(String),
    error_type       LowCardinality(String),
    finish_reason    LowCardinality(String),
    prompt_t         UInt64,
    completion_t     UInt64,
    total_t          UInt64,
    cached_t         UInt64,
    cache_write_t    UInt64,
    reasoning_t      UInt64,
    audio_prompt_t   UInt64,
    audio_completion_t UInt64,
    usage_source     LowCardinality(String),
    usage_estimated  Bool,
    cost_usd         Nullable(Decimal(38, 12)),
    cost             Nullable(Decimal(38, 12)),
    currency         LowCardinality(String),
    saved_usd        Decimal(38, 12),
    cache            LowCardinality(String),
    cache_similarity Nullable(Float64),
    fallback         Bool,
    fallback_reason  LowCardinality(String),
    attempts         Array(Tuple(provider Nullable(String), model Nullable(String), status Nullable(UInt16))),
    latency_ms       Nullable(UInt64),
    ttft_ms          Nullable(UInt64),
    request_bytes    Nullable(UInt64),
    response_bytes   Nullable(UInt64),
    flags            Array(String),
    received_at      DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (consumer, day, request_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS llm.usage_events_feed TO llm.usage_events AS
SELECT
    request_id,
    fromUnixTimestamp64Milli(timestamp_ms, 'UTC') AS event_time,
    toDate(event_time, 'UTC') AS day,
    ifNull(consumer, 'anonymous') AS consumer,
    ifNull(route_id, '') AS route_id,
    ifNull(endpoint, '') AS endpoint,
    ifNull(tier, '') AS tier,
    ifNull(provider, '') AS provider,
    ifNull(requested_model, '') AS requested_model,
    ifNull(model, '') AS model,
    ifNull(response_model, '') AS response_model,
    stream,
    status,
    outcome,
    ifNull(refused_by, '') AS refused_by,
    ifNull(error_type, '') AS error_type,
    ifNull(finish_reason, '') AS finish_reason,
    prompt_t,
    completion_t,
    total_t,
    cached_t,
    cache_write_t,
    reasoning_t,
    audio_prompt_t,
    audio_completion_t,
    usage_source,
    usage_estimated,
    cost_usd,
    cost,
    ifNull(currency, '') AS currency,
    ifNull(saved_usd, toDecimal128(0, 12)) AS saved_usd,
    ifNull(cache, '') AS cache,
    cache_similarity,
    fallback,
    ifNull(fallback_reason, '') AS fallback_reason,
    attempts,
    latency_ms,
    ttft_ms,
    request_bytes,
    response_bytes,
    flags
FROM llm.usage_events_in;
