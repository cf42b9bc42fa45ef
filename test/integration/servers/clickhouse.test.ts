import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ClickHouseServer, startClickHouse } from '../../support/servers/clickhouse.ts'

let server: ClickHouseServer

before(async () => {
  server = await startClickHouse({ password: 'p@ss' })
})
after(() => server.stop())

function call(search: Record<string, string>, init: RequestInit = {}): Promise<Response> {
  const headers = { 'x-clickhouse-key': 'p@ss', ...(init.headers as Record<string, string>) }
  return fetch(`${server.url}/?${new URLSearchParams(search)}`, { method: 'POST', ...init, headers })
}

test('keeps decimals exact through insert, sum and select', async () => {
  await server.query('CREATE DATABASE money')
  await server.query('CREATE TABLE money.t (id UInt32, cost Decimal(18, 9)) ENGINE = MergeTree ORDER BY id')
  const rows = Array.from({ length: 1000 }, (_, id) => JSON.stringify({ id, cost: '0.000000001' })).join('\n')
  const query = 'INSERT INTO money.t FORMAT JSONEachRow'
  assert.equal((await call({ query }, { body: rows })).status, 200)
  assert.equal(await server.query('SELECT sum(cost) FROM money.t'), '0.000001\n')
  assert.equal(
    await server.query('SELECT sum(cost) FROM money.t WHERE id < {n:UInt32}', { n: '3' }),
    '0.000000003\n',
  )
})

test('takes gzip and chunked bodies, database, format, settings and parameters as ClickHouse does', async () => {
  await server.query('CREATE DATABASE other')
  await server.query('CREATE TABLE other.t (s String, d DateTime64(3)) ENGINE = MergeTree ORDER BY s')
  const row = JSON.stringify({ s: "it's; 你好", d: '2026-01-02T03:04:05.678Z' })
  const insert = {
    database: 'other',
    query: 'INSERT INTO t FORMAT JSONEachRow',
    date_time_input_format: 'best_effort',
  }
  const zipped = await call(insert, { body: gzipSync(row), headers: { 'content-encoding': 'gzip' } })
  assert.equal(zipped.status, 200, await zipped.text())
  assert.equal(JSON.parse(zipped.headers.get('x-clickhouse-summary') ?? '{}').written_rows, '1')
  const body = new Blob([row]).stream()
  assert.equal((await call(insert, { body, duplex: 'half' } as RequestInit)).status, 200)
  const select = { query: 'SELECT s, d FROM t WHERE s = {s:String}', param_s: "it's; 你好", query_id: 'q1' }
  const answer = await call(select, {
    headers: { 'x-clickhouse-database': 'other', 'x-clickhouse-format': 'JSONEachRow' },
  })
  const line = `{"s":"it's; 你好","d":"2026-01-02 03:04:05.678"}\n`
  assert.equal(await answer.text(), line + line)
  assert.equal(answer.headers.get('x-clickhouse-query-id'), 'q1')
  assert.equal(answer.headers.get('x-clickhouse-format'), 'JSONEachRow')
  assert.equal(
    (await call({ query: 'SELECT 1 FROM t' })).status,
    404,
    'the database of one query is not the next one’s',
  )
})

test('feeds aggregates through materialized views, replaces and merges rows', async () => {
  await server.query('CREATE DATABASE views')
  const run = (sql: string) => server.query(sql)
  await run(
    'CREATE TABLE views.e (id String, cost Decimal(18,9), v UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY id',
  )
  await run(
    'CREATE TABLE views.s (k UInt8, cost Decimal(38,9), n UInt64) ENGINE = SummingMergeTree ORDER BY k',
  )
  await run('CREATE MATERIALIZED VIEW views.m TO views.s AS SELECT 1 AS k, cost, 1 AS n FROM views.e')
  await run(
    'CREATE TABLE views.a (k UInt8, u AggregateFunction(uniq, String)) ENGINE = AggregatingMergeTree ORDER BY k',
  )
  await run(
    'CREATE MATERIALIZED VIEW views.n TO views.a AS SELECT 1 AS k, uniqState(id) AS u FROM views.e GROUP BY k',
  )
  await run("INSERT INTO views.e VALUES ('x', 0.1, 1), ('y', 0.2, 1)")
  await run("INSERT INTO views.e VALUES ('x', 0.1, 2)")
  assert.equal(await run('SELECT count(), sum(cost) FROM views.e FINAL'), '2\t0.3\n')
  assert.equal(await run('SELECT sum(n), sum(cost) FROM views.s'), '3\t0.4\n')
  assert.equal(await run('SELECT uniqMerge(u) FROM views.a'), '2\n')
})

test('fails with the text and status of ClickHouse', async () => {
  const failures = [
    ['SELEC 1', 400, 62],
    ['SELECT 1; SELECT 2', 400, 62],
    ['SELECT * FROM nowhere', 404, 60],
    ["SELECT toDecimal64('x', 2)", 400, 6],
    ["SELECT throwIf(1, 'no')", 500, 395],
    ['SELECT {x:UInt8}', 500, 456],
  ] as const
  for (const [query, status, code] of failures) {
    const answer = await call({ query })
    const text = await answer.text()
    assert.match(text, new RegExp(`^Code: ${code}\\. DB::Exception: .*\\([A-Z_]+\\) \\(version `, 's'))
    assert.equal(answer.status, status, query)
    assert.equal(answer.headers.get('x-clickhouse-exception-code'), String(code))
  }
  assert.equal(
    (await call({ query: 'CREATE TABLE x (a UInt8) ENGINE = Memory' }, { method: 'GET' })).status,
    500,
  )
  assert.equal((await call({ query: 'SELECT 1' }, { headers: { 'x-clickhouse-key': 'no' } })).status, 403)
  assert.equal((await call({ query: 'SELECT 1', nosuch_setting: '1' })).status, 404)
  await assert.rejects(server.query('SELEC'), /SYNTAX_ERROR/)
})

test('keeps its data over a crash and a restart', async () => {
  await server.query('CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a')
  await server.query('INSERT INTO kept VALUES (7)')
  await server.kill()
  await server.restart()
  assert.equal(await server.query('SELECT a FROM kept'), '7\n')
  await server.restart()
  assert.equal(await server.query('SELECT a FROM kept'), '7\n')
})
