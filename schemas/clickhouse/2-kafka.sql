-- From Kafka. Leave this file out when the runner inserts by HTTP.
-- The broker list and the number of consumers are yours to fill in. A row that cannot be read is kept aside with its
-- error instead of stopping the topic.

CREATE TABLE IF NOT EXISTS llm.usage_events_queue AS llm.usage_events_in
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka:9092',
    kafka_topic_list = 'llm-usage-events',
    kafka_group_name = 'clickhouse-llm-usage',
    kafka_format = 'JSONEachRow',
    kafka_num_consumers = 1,
    kafka_handle_error_mode = 'stream',
    input_format_skip_unknown_fields = 1;

CREATE TABLE IF NOT EXISTS llm.usage_events_broken
(
    received_at DateTime DEFAULT now(),
    topic       String,
    partition   Int64,
    offset      Int64,
    error       String,
    raw         String
)
ENGINE = MergeTree
ORDER BY (received_at, partition, offset)
TTL received_at + INTERVAL 90 DAY;

-- Into the same entrance as HTTP inserts, so both ways are turned into rows by one SELECT.
CREATE MATERIALIZED VIEW IF NOT EXISTS llm.usage_events_from_kafka TO llm.usage_events_in AS
SELECT * FROM llm.usage_events_queue WHERE length(_error) = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS llm.usage_events_broken_feed TO llm.usage_events_broken AS
SELECT _topic AS topic, _partition AS partition, _offset AS offset, _error AS error, _raw_message AS raw
FROM llm.usage_events_queue WHERE length(_error) > 0;
