-- What to bill. Parameters: SELECT * FROM llm.monthly_bill(month = '2026-11-01') WHERE consumer = 'business_unit_A'.

-- One line for each consumer, model and currency of the price. `cost` is in that currency, `cost_usd` in dollars at the
-- rate that held when the request happened.
CREATE VIEW IF NOT EXISTS llm.monthly_bill AS
SELECT
    consumer,
    provider,
    model,
    currency,
    count() AS requests,
    sum(e.prompt_t) AS prompt_t,
    sum(e.cached_t) AS cached_t,
    sum(e.cache_write_t) AS cache_write_t,
    sum(e.completion_t) AS completion_t,
    sum(e.reasoning_t) AS reasoning_t,
    sum(e.total_t) AS total_t,
    sumIf(e.total_t, usage_estimated) AS estimated_t,
    countIf(e.cost_usd IS NULL) AS unpriced_requests,
    sum(ifNull(e.cost, toDecimal128(0, 12))) AS total_cost,
    sum(ifNull(e.cost_usd, toDecimal128(0, 12))) AS total_usd
FROM llm.usage_events AS e FINAL
WHERE toYYYYMM(e.day) = toYYYYMM({month:Date}) AND outcome NOT IN ('refused', 'served')
GROUP BY consumer, provider, model, currency
ORDER BY consumer, total_usd DESC, provider, model;

CREATE VIEW IF NOT EXISTS llm.top_spenders AS
SELECT
    consumer,
    count() AS requests,
    sum(e.total_t) AS total_t,
    sum(ifNull(e.cost_usd, toDecimal128(0, 12))) AS total_usd,
    sum(e.saved_usd) AS spared_usd
FROM llm.usage_events AS e FINAL
WHERE e.day >= {from_day:Date} AND e.day <= {to_day:Date}
GROUP BY consumer
ORDER BY total_usd DESC, consumer
LIMIT {top:UInt32};
