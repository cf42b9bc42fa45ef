import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Redis } from 'ioredis'
import { runCli } from '../../../plugins/token-metering/cli/run.ts'
import { clickHouseSink } from '../../../plugins/token-metering/relay/sinks.ts'
import { UsageKeys } from '../../../plugins/token-metering/store/redis/keys.ts'
import { RedisUsageStore } from '../../../plugins/token-metering/store/redis-usage-store.ts'
import { type ClickHouseServer, startClickHouse } from '../../support/servers/clickhouse.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import { statementsOf } from '../../support/sql.ts'
import { usageEntry } from '../../support/usage-entry.ts'
import { utc } from './support.ts'

let server: RedisServer
let clickhouse: ClickHouseServer
before(async () => {
  ;[server, clickhouse] = await Promise.all([startRedis({}), startClickHouse({})])
  for (const file of ['1-events', '3-usage']) {
    for (const statement of statementsOf(`schemas/clickhouse/${file}.sql`)) await clickhouse.query(statement)
  }
  const redis = new Redis(server.url)
  const store = new RedisUsageStore(redis, {
    ...{ keys: new UsageKeys({ prefix: 'p[1]:', cluster: false }), calendar: utc, now: Date.now },
    ...{ rememberIdsS: 60, keepDays: 10, keepMonths: 2, outboxMaxEvents: 0, alertPercents: [] },
  })
  const at = (day: number) => Date.UTC(2026, 10, day, 12)
  const used = (who: string, day: number, picoUsd: bigint, model = 'gpt-4o') =>
    usageEntry({ who, id: randomUUID(), prompt: 10, completion: 5, picoUsd, atMs: at(day), model })
  const entries = [
    used('unit_a', 22, 10_000_000_000_001n),
    used('unit_a', 22, 5n, 'qwen-max'),
    used('unit_a', 23, 7n),
    used('业务:部门', 22, 90_071_992_547_409_930_000n),
  ]
  await store.commit(entries)
  redis.disconnect()
  const options = { url: clickhouse.url, user: 'default', password: '', timeoutMs: 10_000 }
  const records = entries.map(({ event }) => JSON.stringify(event))
  await clickHouseSink({ ...options, table: 'llm.usage_events_in' }).send([...records, ...records])
})
after(() => Promise.all([server.stop(), clickhouse.stop()]))

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const env = {
    LLM_RUNNER_REDIS_URL: server.url,
    LLM_RUNNER_REDIS_KEY_PREFIX: 'p[1]:',
    CLICKHOUSE_URL: clickhouse.url,
  }
  const code = await runCli(args, {
    env,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

for (const source of ['redis', 'clickhouse']) {
  test(`bills a consumer or all, exactly, from ${source}`, async () => {
    const one = await run(
      '--consumer',
      'unit_a',
      '--month',
      '2026-11',
      '--format',
      'json',
      '--source',
      source,
    )
    assert.equal(one.code, 0, one.err)
    assert.deepEqual(JSON.parse(one.out), [
      {
        ...{
          consumer: 'unit_a',
          period: '2026-11',
          requests: 3,
          prompt_t: 30,
          completion_t: 15,
          total_t: 45,
        },
        ...{ estimated_t: 0, unpriced_requests: 0, cost_usd: '10.000000000013' },
      },
    ])
    const all = await run('--all', '--day', '2026-11-22', '--format', 'csv', '--source', source)
    assert.equal(
      all.out,
      [
        'consumer,period,requests,prompt_t,completion_t,total_t,estimated_t,unpriced_requests,cost_usd',
        '业务:部门,2026-11-22,1,10,5,15,0,0,90071992.54740993',
        'unit_a,2026-11-22,2,20,10,30,0,0,10.000000000006',
        '',
      ].join('\r\n'),
    )
    const models = await run('--consumer', 'unit_a', '--day', '2026-11-22', '--models', '--source', source)
    assert.deepEqual(
      models.out.split('\n').map((line) => line.split(/ +/)),
      [
        ['consumer', 'period', 'model', 'requests', 'prompt_t', 'completion_t', 'total_t', 'cost_usd'],
        ['unit_a', '2026-11-22', 'gpt-4o', '1', '10', '5', '15', '10.000000000001'],
        ['unit_a', '2026-11-22', 'qwen-max', '1', '10', '5', '15', '0.000000000005'],
        [''],
      ],
    )
  })
}

test('tells by its exit code what went wrong', async () => {
  assert.equal((await run('--help')).code, 0)
  assert.equal((await run('--consumer', 'nobody', '--day', '2026-11-22')).code, 3)
  for (const args of [
    [],
    ['--all'],
    ['--all', '--day', '2026-02-30'],
    ['--all', '--month', '2026-13'],
    ['--what'],
  ]) {
    const { code, err } = await run(...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /See --help/)
  }
  const away = await run('--all', '--day', '2026-11-22', '--redis', 'redis://127.0.0.1:1')
  assert.equal(away.code, 1)
  assert.match(away.err, /ECONNREFUSED/)
})

test('keeps tenants', async () => {
  const set = await run(
    'tenant',
    'set',
    '部门',
    '--tier',
    'premium',
    '--limits',
    '{"tokens_per_day":5}',
    '--allow-model',
    'gpt-*',
  )
  assert.equal(set.code, 0, set.err)
  await run('tenant', 'set', '部门', '--status', 'disabled')
  const tenant = {
    ...{ consumer: '部门', tier: 'premium', limits: { tokens_per_day: 5 }, allowed_models: ['gpt-*'] },
    status: 'disabled',
  }
  assert.deepEqual(JSON.parse((await run('tenant', 'get', '部门')).out), tenant)
  assert.deepEqual(JSON.parse((await run('tenant', 'list')).out), [tenant])
  assert.equal((await run('tenant', 'set', 'x', '--limits', '{"tokens":1}')).code, 2)
  assert.equal((await run('tenant', 'set', 'x', '--status', 'asleep')).code, 2)
  assert.equal((await run('tenant', 'delete', '部门')).code, 0)
  assert.equal((await run('tenant', 'delete', '部门')).code, 3)
  assert.equal((await run('tenant', 'get', '部门')).code, 3)
})
