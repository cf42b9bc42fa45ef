import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { clickHouseSink } from '../../../plugins/token-metering/relay/sinks.ts'
import { UsageEventSchema } from '../../../runner/usage/event.ts'
import { type ClickHouseServer, startClickHouse } from '../../support/servers/clickhouse.ts'
import { statementsOf } from '../../support/sql.ts'
import { type UsageEntryFields, usageEntry } from '../../support/usage-entry.ts'

let clickhouse: ClickHouseServer
before(async () => {
  clickhouse = await startClickHouse({})
  for (const file of ['1-events', '3-usage', '4-bills']) {
    for (const statement of statementsOf(`schemas/clickhouse/${file}.sql`)) await clickhouse.query(statement)
  }
})
after(() => clickhouse.stop())

const sink = () =>
  clickHouseSink({
    url: clickhouse.url,
    table: 'llm.usage_events_in',
    user: 'default',
    password: '',
    timeoutMs: 30_000,
  })
const record = (fields: Partial<UsageEntryFields> & { who: string }, more: object = {}) =>
  JSON.stringify({
    ...usageEntry({
      id: randomUUID(),
      prompt: 10,
      completion: 5,
      atMs: Date.UTC(2026, 10, 22, 12),
      ...fields,
    }).event,
    ...more,
  })
const rows = async (sql: string) =>
  (await clickhouse.query(`${sql} FORMAT JSONStringsEachRow`))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)

test('the table has every field of the event', async () => {
  const described = await rows("SELECT name FROM system.columns WHERE table = 'usage_events_in'")
  assert.deepEqual(described.map(({ name }) => name).sort(), Object.keys(UsageEventSchema.properties).sort())
})

test('a batch that comes twice counts once, at once and after merging, in every view', async () => {
  const batch = [
    record({ who: 'unit_a', picoUsd: 1n }),
    record({ who: 'unit_a', picoUsd: 123_456_789_012_345_678n }),
    record({ who: 'unit_a', picoUsd: 2n, model: 'qwen-max', atMs: Date.UTC(2026, 10, 30, 23, 59, 59, 999) }),
    record({ who: 'unit_a', picoUsd: 5n, atMs: Date.UTC(2026, 11, 1) }),
    record({ who: '业务部门', picoUsd: 7n }, { usage_estimated: true, usage_source: 'bytes' }),
    record({ who: 'unit_b' }, { cost: null, cost_usd: null, currency: null }),
    record({ who: 'unit_b' }, { outcome: 'refused', status: 429, model: null, consumer: null }),
  ]
  await sink().send(batch)
  await sink().send([...batch, batch[0] ?? ''])
  for (const round of ['before', 'after']) {
    const bill = await rows("SELECT * FROM llm.monthly_bill(month = '2026-11-01')")
    assert.deepEqual(
      bill.map(({ consumer, model, requests, total_t, total_usd, unpriced_requests, estimated_t }) => [
        ...[consumer, model, requests, total_t, total_usd, unpriced_requests, estimated_t],
      ]),
      [
        ['unit_a', 'gpt-4o', '2', '30', '123456.789012345679', '0', '0'],
        ['unit_a', 'qwen-max', '1', '15', '0.000000000002', '0', '0'],
        ['unit_b', 'gpt-4o', '1', '15', '0', '1', '0'],
        ['业务部门', 'gpt-4o', '1', '15', '0.000000000007', '0', '15'],
      ],
      round,
    )
    const daily = await rows("SELECT * FROM llm.usage_daily WHERE consumer = 'unit_a' ORDER BY day, model")
    assert.deepEqual(
      daily.map(({ day, requests, spent_usd }) => [day, requests, spent_usd]),
      [
        ['2026-11-22', '2', '123456.789012345679'],
        ['2026-11-30', '1', '0.000000000002'],
        ['2026-12-01', '1', '0.000000000005'],
      ],
    )
    const monthly = await rows(
      'SELECT month, sum(requests) AS n FROM llm.usage_monthly GROUP BY month ORDER BY month',
    )
    assert.deepEqual(
      monthly.map(({ month, n }) => [month, n]),
      [
        ['2026-11-01', '6'],
        ['2026-12-01', '1'],
      ],
    )
    const top = await rows(
      "SELECT * FROM llm.top_spenders(from_day = '2026-11-01', to_day = '2026-11-30', top = 2)",
    )
    assert.deepEqual(
      top.map(({ consumer, total_usd }) => [consumer, total_usd]),
      [
        ['unit_a', '123456.789012345681'],
        ['业务部门', '0.000000000007'],
      ],
    )
    await clickhouse.query('OPTIMIZE TABLE llm.usage_events FINAL')
  }
  assert.equal((await rows('SELECT count() AS n FROM llm.usage_events'))[0]?.n, '7')
})

test('sums of money beyond a double stay exact', async () => {
  const picoUsd = 9_007_199_254_740_993n
  const at = Date.UTC(2025, 0, 5)
  await sink().send(Array.from({ length: 1000 }, () => record({ who: 'big', picoUsd, atMs: at })))
  const [bill] = await rows("SELECT total_usd FROM llm.monthly_bill(month = '2025-01-01')")
  assert.equal(bill?.total_usd, '9007199.254740993')
})

test('an insert that ClickHouse refuses is an error, so that the relay keeps the batch', async () => {
  await assert.rejects(sink().send(['{"request_id": 1']), /ClickHouse says/)
})

test('the Kafka table has settings and columns that ClickHouse knows', async () => {
  const [queue = ''] = statementsOf('schemas/clickhouse/2-kafka.sql')
  await assert.rejects(clickhouse.query(queue.replace('kafka_format', 'kafka_shape')), /kafka_shape/)
  // The embedded engine checks the statement; it may have no pool for Kafka consumers.
  await clickhouse.query(queue).catch((error: Error) => assert.match(error.message, /Shutdown was called/))
  assert.match(
    readFileSync('schemas/clickhouse/2-kafka.sql', 'utf8'),
    /SELECT \* FROM llm\.usage_events_queue/,
  )
})
