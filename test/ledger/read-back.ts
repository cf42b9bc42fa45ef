import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { parseMoney } from '../../plugins/token-metering/cost/money.ts'
import { clickHouseSink } from '../../plugins/token-metering/relay/sinks.ts'
import { UsageKeys } from '../../plugins/token-metering/store/redis/keys.ts'
import { joinMoney } from '../../plugins/token-metering/store/redis-usage-store.ts'
import type { UsageEvent } from '../../runner/plugin.ts'
import type { TopicReader } from '../integration/metering/support.ts'
import { noTotals, type Totals } from './reconcile.ts'
import { KEY_PREFIX, type World } from './world.ts'

/**
 * Waits until no event is under way: the spool and the outbox are empty and the topic stands still.
 * @returns what was still under way when patience ended; undefined: nothing
 */
export async function untilQuiet(
  { stack }: World,
  redis: Redis,
  reader: TopicReader,
): Promise<string | undefined> {
  const deadline = Date.now() + 180_000
  let seen = -1
  for (;;) {
    const waiting = await redis.xlen(`${KEY_PREFIX}usage_events`)
    const spooled = await stack.metric('llm_usage_spool_events').catch(() => ' 1')
    if (waiting === 0 && / 0$/m.test(spooled) && reader.events.length === seen) return undefined
    if (Date.now() > deadline) return `${waiting} events in the outbox, ${spooled}`
    seen = reader.events.length
    await sleep(2000)
  }
}

/** What Redis has counted, over all days that events are of. */
export async function redisTotals(
  redis: Redis,
  consumers: Iterable<string>,
  days: ReadonlySet<string>,
): Promise<Map<string, Totals>> {
  const keys = new UsageKeys({ prefix: KEY_PREFIX, cluster: false })
  const found = new Map<string, Totals>()
  for (const consumer of consumers) {
    const totals = noTotals()
    for (const day of days) {
      const hash = await redis.hgetall(keys.usage(consumer, day))
      totals.requests += Number(hash.requests ?? 0)
      totals.prompt += Number(hash.prompt_t ?? 0)
      totals.completion += Number(hash.completion_t ?? 0)
      totals.picoUsd += joinMoney(hash.cost_usd, hash.cost_pico)
    }
    found.set(consumer, totals)
  }
  return found
}

/** What was read back goes in as Kafka's table engine would bring it: duplicates, then some of it again. */
export async function clickHouseTotals(
  clickhouse: World['clickhouse'],
  events: readonly UsageEvent[],
): Promise<Map<string, Totals>> {
  const options = {
    url: clickhouse.url,
    table: 'llm.usage_events_in',
    user: 'default',
    password: '',
    timeoutMs: 60_000,
  }
  const sink = clickHouseSink(options)
  const records = events.map((event) => JSON.stringify(event))
  for (let at = 0; at < records.length; at += 5000) await sink.send(records.slice(at, at + 5000))
  await sink.send(records.slice(0, 5000))
  const text = await clickhouse.query(
    `SELECT consumer, sum(requests) AS n, sum(prompt_t) AS p, sum(completion_t) AS c, sum(spent_usd) AS usd
     FROM llm.usage_monthly GROUP BY consumer FORMAT JSONStringsEachRow`,
  )
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const { consumer = '', n, p, c, usd = '0' } = JSON.parse(line) as Record<string, string>
        const totals = {
          requests: Number(n),
          prompt: Number(p),
          completion: Number(c),
          picoUsd: parseMoney(usd),
        }
        return [consumer, totals] as const
      }),
  )
}
