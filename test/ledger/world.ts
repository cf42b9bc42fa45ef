import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { JsonObject } from '../../runner/json.ts'
import { freePort } from '../support/free-port.ts'
import { RunnerProcess } from '../support/runner-process.ts'
import { type ClickHouseServer, startClickHouse } from '../support/servers/clickhouse.ts'
import { type KafkaServer, startKafka } from '../support/servers/kafka.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { statementsOf } from '../support/sql.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { PRICE_OVERRIDES } from './books.ts'
import { type Repeater, startRepeater } from './repeater.ts'

export const TOPIC = 'llm-usage-events'
export const KEY_PREFIX = 'ledger:'

/** Everything that takes part: the product and its servers, and a second runner that only relays. */
export interface World {
  readonly redis: RedisServer
  readonly kafka: KafkaServer
  readonly clickhouse: ClickHouseServer
  readonly stack: Stack
  readonly relay: RunnerProcess
  readonly repeater: Repeater
  close(): Promise<void>
}

/** @param random decides which log posts are repeated */
export async function startWorld(random: () => number): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-ledger-'))
  const [redis, kafka, clickhouse] = await Promise.all([
    startRedis({ appendonly: true }),
    startKafka({}),
    startClickHouse({}),
  ])
  await kafka.createTopics([{ topic: TOPIC, partitions: 4 }, 'llm-usage-alerts'])
  for (const file of ['1-events', '3-usage', '4-bills']) {
    for (const statement of statementsOf(`schemas/clickhouse/${file}.sql`)) await clickhouse.query(statement)
  }
  const settingsFile = join(dir, 'llm-runner.yaml')
  await writeFile(
    settingsFile,
    stringify({
      redis: { url: redis.url, key_prefix: KEY_PREFIX },
      kafka: { brokers: kafka.brokers },
      plugins: { 'token-metering': { price_overrides: PRICE_OVERRIDES } },
    }),
  )
  const runnerEnv = { LLM_RUNNER_SETTINGS: settingsFile }
  const stack = await startStack({ runnerEnv, change: withoutLimits })
  const repeater = await startRepeater(`${stack.usageUrl}/usage`, random)
  await sendLogsTo(stack, repeater.url)
  const relay = new RunnerProcess({
    socketPath: join(dir, 'relay.sock'),
    usagePort: await freePort(),
    env: {
      ...runnerEnv,
      LLM_RUNNER_DATA_DIR: join(dir, 'relay-data'),
      OPENAI_API_KEY: 'x',
      DASHSCOPE_API_KEY: 'x',
      ANTHROPIC_API_KEY: 'x',
    },
  })
  await started(relay)
  return {
    ...{ redis, kafka, clickhouse, stack, relay, repeater },
    close: async () => {
      await stack.close()
      await relay.kill()
      await repeater.close()
      await Promise.all([redis.stop(), kafka.stop(), clickhouse.stop()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A busy machine may need longer to start something than it is given. */
export async function persistently(start: () => Promise<void>, stop: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      await stop()
      if (tries === 5) throw error
      process.stdout.write(`  start again: ${(error as Error).message.split('\n')[0]}\n`)
    }
  }
}

export function started(runner: RunnerProcess): Promise<void> {
  return persistently(
    () => runner.start(),
    () => runner.kill(),
  )
}

function withoutLimits(plugin: string, conf: JsonObject): JsonObject {
  if (plugin !== 'token-metering') return conf
  const limits = {
    tokens_per_day: 1e12,
    usd_per_month: '100000000',
    concurrent_requests: 100_000,
    requests_per_minute: 1e9,
  }
  return { ...conf, tiers: { premium: limits, basic: limits, internal: limits } }
}

/** Points http-logger at the repeater and takes APISIX's own request limits out of the way. */
async function sendLogsTo({ gateway }: Stack, uri: string): Promise<void> {
  if (!gateway) throw new Error('the ledger test needs the stand-in gateway')
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${gateway.adminUrl}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': gateway.adminKey },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const json = (await response.json()) as { value: JsonObject & { plugins: Record<string, JsonObject> } }
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`)
    return json.value
  }
  const { create_time: _c, update_time: _u, ...config } = await call('GET', 'plugin_configs/llm')
  const { 'limit-req': _limit, ...plugins } = config.plugins as Record<string, JsonObject>
  await call('PUT', 'plugin_configs/llm', {
    ...config,
    plugins: { ...plugins, 'http-logger': { ...plugins['http-logger'], uri } },
  })
  for (const name of ['business_unit_A', 'business_unit_B', 'internal']) {
    const { create_time: _c, update_time: _u, ...consumer } = await call('GET', `consumers/${name}`)
    const { 'limit-count': _count, ...own } = consumer.plugins as Record<string, JsonObject>
    await call('PUT', `consumers/${name}`, { ...consumer, plugins: own })
  }
}
