-- Usage by day and by month. Views over the deduplicated table and not summing tables: those would add up an event as
-- often as it was sent. `unpriced_requests` are not free: their cost is not known, see the price table.

CREATE VIEW IF NOT EXISTS llm.usage_daily AS
SELECT
    day,
    consumer,
    provider,
    model,
    count() AS requests,
    countIf(outcome = 'refused') AS refused_requests,
    countIf(outcome = 'served') AS cached_requests,
    countIf(usage_estimated) AS estimated_requests,
    countIf(cost_usd IS NULL) AS unpriced_requests,
    sum(e.prompt_t) AS prompt_t,
    sum(e.completion_t) AS completion_t,
    sum(e.total_t) AS total_t,
    sum(e.cached_t) AS cached_t,
    sum(e.cache_write_t) AS cache_write_t,
    sum(e.reasoning_t) AS reasoning_t,
    sumIf(e.total_t, usage_estimated) AS estimated_t,
    sum(ifNull(e.cost_usd, toDecimal128(0, 12))) AS spent_usd,
    sum(e.saved_usd) AS spared_usd
FROM llm.usage_events AS e FINAL
GROUP BY day, consumer, provider, model;

CREATE VIEW IF NOT EXISTS llm.usage_monthly AS
SELECT
    toStartOfMonth(day) AS month,
    consumer,
    provider,
    model,
    sum(d.requests) AS requests,
    sum(d.refused_requests) AS refused_requests,
    sum(d.cached_requests) AS cached_requests,
    sum(d.estimated_requests) AS estimated_requests,
    sum(d.unpriced_requests) AS unpriced_requests,
    sum(d.prompt_t) AS prompt_t,
    sum(d.completion_t) AS completion_t,
    sum(d.total_t) AS total_t,
    sum(d.cached_t) AS cached_t,
    sum(d.cache_write_t) AS cache_write_t,
    sum(d.reasoning_t) AS reasoning_t,
    sum(d.estimated_t) AS estimated_t,
    sum(d.spent_usd) AS spent_usd,
    sum(d.spared_usd) AS spared_usd
FROM llm.usage_daily AS d
GROUP BY month, consumer, provider, model;
