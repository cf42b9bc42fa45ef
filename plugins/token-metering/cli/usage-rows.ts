import type { Cluster, Redis } from 'ioredis'
import { RunnerError } from '../../../runner/plugin.ts'
import { type Money, parseMoney } from '../cost/money.ts'
import { UsageKeys, unescapeName } from '../store/redis/keys.ts'
import { joinMoney } from '../store/redis-usage-store.ts'

/** Usage of one consumer in one day or month, of all models or of one. */
export interface UsageRow {
  readonly consumer: string
  readonly period: string
  /** undefined: all models. */
  readonly model: string | undefined
  readonly requests: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
  readonly estimatedTokens: number
  readonly unpricedRequests: number
  readonly picoUsd: Money
}

export interface UsageQuery {
  /** undefined: all. */
  readonly consumer: string | undefined
  /** `yyyy-mm-dd` or `yyyy-mm`. */
  readonly period: string
  readonly byModel: boolean
}

/** From the totals in Redis. Dearest first. */
export async function usageFromRedis(
  redis: Redis,
  keySpace: { prefix: string; cluster: boolean },
  query: UsageQuery,
): Promise<UsageRow[]> {
  const keys = new UsageKeys(keySpace)
  const consumers =
    query.consumer === undefined ? await consumersOf(redis, keySpace, query.period) : [query.consumer]
  const rows: UsageRow[] = []
  for (const consumer of consumers) {
    const hash = await redis.hgetall(keys.usage(consumer, query.period))
    if (hash.requests === undefined) continue
    if (!query.byModel) rows.push(rowOf(hash, '', consumer, query.period, undefined))
    else {
      for (const field of Object.keys(hash)) {
        const model = /^model:(.*):requests$/s.exec(field)?.[1]
        if (model !== undefined) rows.push(rowOf(hash, `model:${model}:`, consumer, query.period, model))
      }
    }
  }
  return rows.sort(byCost)
}

function rowOf(
  hash: Readonly<Record<string, string>>,
  prefix: string,
  consumer: string,
  period: string,
  model: string | undefined,
): UsageRow {
  const number = (field: string) => Number(hash[`${prefix}${field}`] ?? 0)
  return {
    consumer,
    period,
    model,
    requests: number('requests'),
    promptTokens: number('prompt_t'),
    completionTokens: number('completion_t'),
    totalTokens: number('total_t'),
    estimatedTokens: number('estimated_t'),
    unpricedRequests: number('unpriced_requests'),
    picoUsd: joinMoney(hash[`${prefix}cost_usd`], hash[`${prefix}cost_pico`]),
  }
}

async function consumersOf(
  redis: Redis,
  { prefix, cluster }: { prefix: string; cluster: boolean },
  period: string,
): Promise<string[]> {
  const start = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}${cluster ? '{usage-*}' : ''}token_usage:`
  const nodes = cluster ? (redis as unknown as Cluster).nodes('master') : [redis]
  const consumers = new Set<string>()
  for (const node of nodes) {
    for await (const found of node.scanStream({ match: `${start}*:${period}`, count: 1000 })) {
      for (const key of found as string[]) {
        const name = /token_usage:([^:]*):[^:]*$/.exec(key)?.[1]
        if (name !== undefined) consumers.add(unescapeName(name))
      }
    }
  }
  return [...consumers]
}

export interface ClickHouseAccess {
  readonly url: string
  readonly user: string
  readonly password: string
  /** With schemas/clickhouse in it. */
  readonly database: string
}

/** From the deduplicated events in ClickHouse, which keeps them longer than Redis its totals. */
export async function usageFromClickHouse(access: ClickHouseAccess, query: UsageQuery): Promise<UsageRow[]> {
  const isDay = query.period.length === 10
  const url = new URL(access.url)
  url.searchParams.set('param_day', isDay ? query.period : `${query.period}-01`)
  if (query.consumer !== undefined) url.searchParams.set('param_consumer', query.consumer)
  const groups = query.byModel ? 'consumer, model' : 'consumer'
  const sql = `SELECT ${groups}, sum(requests) AS n, sum(prompt_t) AS p, sum(completion_t) AS c, sum(total_t) AS t,
      sum(estimated_t) AS e, sum(unpriced_requests) AS u, sum(spent_usd) AS usd
    FROM ${access.database}.${isDay ? 'usage_daily' : 'usage_monthly'}
    WHERE ${isDay ? 'day' : 'month'} = {day:Date} ${query.consumer === undefined ? '' : 'AND consumer = {consumer:String}'}
    GROUP BY ${groups} FORMAT JSONStringsEachRow`
  const headers = { 'x-clickhouse-user': access.user, 'x-clickhouse-key': access.password }
  const response = await fetch(url, {
    method: 'POST',
    body: sql,
    headers,
    signal: AbortSignal.timeout(60_000),
  })
  const text = await response.text()
  if (!response.ok) throw new RunnerError('STORE_UNAVAILABLE', `ClickHouse says: ${text.slice(0, 300)}`)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const row = JSON.parse(line) as Record<string, string>
      return {
        consumer: row.consumer ?? '',
        period: query.period,
        model: query.byModel ? (row.model ?? '') : undefined,
        requests: Number(row.n),
        promptTokens: Number(row.p),
        completionTokens: Number(row.c),
        totalTokens: Number(row.t),
        estimatedTokens: Number(row.e),
        unpricedRequests: Number(row.u),
        picoUsd: parseMoney(row.usd ?? '0'),
      }
    })
    .sort(byCost)
}

function byCost(a: UsageRow, b: UsageRow): number {
  if (a.picoUsd !== b.picoUsd) return a.picoUsd > b.picoUsd ? -1 : 1
  return a.consumer < b.consumer ? -1 : a.consumer > b.consumer ? 1 : 0
}
