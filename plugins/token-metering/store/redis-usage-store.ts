import type { Redis } from 'ioredis'
import { RunnerError } from '../../../runner/plugin.ts'
import type { Calendar } from '../calendar.ts'
import { parseMoney } from '../cost/money.ts'
import type { LimitName, Limits } from '../limits.ts'
import { COMMIT } from './redis/commit-script.ts'
import type { UsageKeys } from './redis/keys.ts'
import type { ScriptCall } from './redis/lua-script.ts'
import { RELEASE, RESERVE } from './redis/reserve-script.ts'
import type {
  CommitEntry,
  CommitOutcome,
  Remaining,
  Reservation,
  ReserveResult,
  UsageStore,
  UsageTotals,
} from './usage-store.ts'

export interface RedisUsageStoreOptions {
  readonly keys: UsageKeys
  readonly calendar: Pick<Calendar, 'msToNextDay' | 'msToNextMonth'>
  readonly now: () => number
  /** Seconds for which a request id is remembered; an event that comes again later is counted again. */
  readonly rememberIdsS: number
  readonly keepDays: number
  readonly keepMonths: number
  /** Events in one outbox; beyond it commits are refused. 0: nobody reads an outbox, none is written. */
  readonly outboxMaxEvents: number
  /** Percents of a budget at which an alert is raised; empty: no alerts. */
  readonly alertPercents: readonly number[]
}

/** What one commit did. `totals` is there for new events: what the consumer has used so far, this event included. */
export interface Committed {
  readonly outcome: CommitOutcome
  readonly totals?: ConsumerTotals
}

export interface ConsumerTotals {
  readonly dayTokens: number
  readonly dayPicoUsd: bigint
  readonly monthPicoUsd: bigint
}

const PICO = 1_000_000_000_000n
const DAY_S = 86_400
/** In the list of numbers that a script takes apart. */
const NO_LIMIT = '-'
const NO_MONEY_LIMIT = '- -'
/** Scripts of one round trip. */
const MAX_PIPELINE = 500

/** Quotas and counters in Redis, shared by all runners. One script per step, so nothing is ever half done. */
export class RedisUsageStore implements UsageStore {
  readonly #redis: Redis
  readonly #options: RedisUsageStoreOptions

  constructor(redis: Redis, options: RedisUsageStoreOptions) {
    this.#redis = redis
    this.#options = options
  }

  async reserve(request: Reservation): Promise<ReserveResult> {
    const { keys, calendar, keepDays } = this.#options
    const { consumer, limits, nowMs } = request
    const dayMoney = moneyPair(limits.usd_per_day)
    const monthMoney = moneyPair(limits.usd_per_month)
    const reply = (await RESERVE.run(this.#redis, {
      keys: [
        keys.usage(consumer, request.day),
        keys.usage(consumer, request.month),
        keys.held(consumer),
        keys.heldAmounts(consumer),
        keys.rate(consumer),
        keys.budget(consumer),
      ],
      args: [
        request.requestId,
        [
          nowMs,
          request.expiresMs,
          request.tokens,
          ...split(request.picoUsd),
          keepDays * DAY_S,
          limits.tokens_per_day ?? NO_LIMIT,
          limits.tokens_per_minute ?? NO_LIMIT,
          limits.requests_per_minute ?? NO_LIMIT,
          limits.concurrent_requests ?? NO_LIMIT,
          dayMoney?.join(' ') ?? NO_MONEY_LIMIT,
          monthMoney?.join(' ') ?? NO_MONEY_LIMIT,
        ].join(' '),
        budgetsOf(limits, dayMoney, monthMoney),
      ],
    })) as [number, string, number, number, number, number, number]
    const [allowed, exceeded, retryMs, lastMinute, requests, usedToday, windowResetMs] = reply
    const perMinute = left(limits.tokens_per_minute, lastMinute)
    const perDay = left(limits.tokens_per_day, usedToday)
    const minuteIsTighter = perMinute !== null && (perDay === null || perMinute <= perDay)
    const remaining: Remaining = {
      requests: left(limits.requests_per_minute, requests),
      requestsResetMs: windowResetMs,
      tokens: minuteIsTighter ? perMinute : perDay,
      tokensResetMs: minuteIsTighter ? windowResetMs : calendar.msToNextDay(nowMs),
    }
    if (allowed === 1) return { allowed: true, remaining }
    const retryAfterMs =
      retryMs === -1
        ? calendar.msToNextDay(nowMs)
        : retryMs === -2
          ? calendar.msToNextMonth(nowMs)
          : Number(retryMs)
    return { allowed: false, exceeded: exceeded as LimitName, retryAfterMs, remaining }
  }

  async release(consumer: string, requestId: string): Promise<void> {
    const { keys, now } = this.#options
    await RELEASE.run(this.#redis, {
      keys: [keys.held(consumer), keys.heldAmounts(consumer), keys.rate(consumer)],
      args: [requestId, now()],
    })
  }

  async commit(entries: readonly CommitEntry[]): Promise<readonly CommitOutcome[]> {
    const results = await this.commitEach(entries)
    return results.map((result) => {
      if (result instanceof Error) throw result
      return result.outcome
    })
  }

  /** As `commit`, but tells of each entry how it went: some may be committed when others are not. */
  async commitEach(entries: readonly CommitEntry[]): Promise<readonly (Committed | Error)[]> {
    const { keys } = this.#options
    const results = new Array<Committed | Error>(entries.length)
    const byShard = new Map<number, number[]>()
    for (const [i, { consumer }] of entries.entries()) {
      const shard = keys.shardOf(consumer)
      const known = byShard.get(shard)
      if (known) known.push(i)
      else byShard.set(shard, [i])
    }
    await Promise.all(
      [...byShard.values()].map(async (indexes) => {
        for (let start = 0; start < indexes.length; start += MAX_PIPELINE) {
          const part = indexes.slice(start, start + MAX_PIPELINE)
          const replies = await COMMIT.runAll(
            this.#redis,
            part.map((i) => this.#commitCall(entries[i] as CommitEntry)),
          ).catch((error: Error) => part.map(() => error))
          for (const [n, i] of part.entries()) results[i] = committedOf(replies[n])
        }
      }),
    )
    return results
  }

  async usage(consumer: string, day: string): Promise<UsageTotals> {
    const hash = await this.#redis.hgetall(this.#options.keys.usage(consumer, day))
    const number = (field: string) => Number(hash[field] ?? 0)
    return {
      requests: number('requests'),
      promptTokens: number('prompt_t'),
      completionTokens: number('completion_t'),
      totalTokens: number('total_t'),
      picoUsd: joinMoney(hash.cost_usd, hash.cost_pico),
    }
  }

  /** The connection belongs to the runner. */
  async close(): Promise<void> {}

  #commitCall({ event, consumer, day, month, picoUsd }: CommitEntry): ScriptCall {
    const { keys, now, rememberIdsS, keepDays, keepMonths, outboxMaxEvents, alertPercents } = this.#options
    const shard = keys.shardOf(consumer)
    const saved = event.saved_usd === null ? 0n : parseMoney(event.saved_usd)
    return {
      keys: [
        keys.committed(consumer, event.request_id),
        keys.usage(consumer, day),
        keys.usage(consumer, month),
        keys.held(consumer),
        keys.heldAmounts(consumer),
        keys.rate(consumer),
        keys.events(shard),
        keys.budget(consumer),
        keys.alerted(consumer, day),
        keys.alerted(consumer, month),
        keys.alerts(shard),
      ],
      args: [
        event.request_id,
        now(),
        event.timestamp_ms,
        event.model ?? '',
        event.outcome,
        JSON.stringify(event),
        // In one argument, because each one costs the client about as much as the whole look-up costs the server.
        [
          event.prompt_t,
          event.completion_t,
          event.total_t,
          event.cached_t,
          event.cache_write_t,
          event.reasoning_t,
          ...split(picoUsd),
          ...split(saved),
          event.usage_estimated ? 1 : 0,
          event.cost_usd === null ? 1 : 0,
          rememberIdsS,
          keepDays * DAY_S,
          keepMonths * 31 * DAY_S,
          outboxMaxEvents,
        ].join(' '),
        alertPercents.join(' '),
        consumer,
        day,
        month,
      ],
    }
  }
}

/** Whole dollars and the rest in 1e-12 dollars, as the hashes have them. */
export function joinMoney(usd: string | undefined, pico: string | undefined): bigint {
  return BigInt(usd ?? 0) * PICO + BigInt(pico ?? 0)
}

function split(picoUsd: bigint): [string, string] {
  return [String(picoUsd / PICO), String(picoUsd % PICO)]
}

type MoneyPair = readonly [usd: string, pico: string]

function moneyPair(limit: string | undefined): MoneyPair | undefined {
  return limit === undefined ? undefined : split(parseMoney(limit))
}

/** As the key of the budgets has them: '' for none at all. */
function budgetsOf(limits: Limits, perDay: MoneyPair | undefined, perMonth: MoneyPair | undefined): string {
  if (limits.tokens_per_day === undefined && !perDay && !perMonth) return ''
  return [limits.tokens_per_day ?? '', ...(perDay ?? ['', '']), ...(perMonth ?? ['', ''])].join(' ')
}

function left(limit: number | undefined, used: number): number | null {
  return limit === undefined ? null : Math.max(0, limit - used)
}

function committedOf(reply: unknown): Committed | Error {
  if (reply instanceof Error) return reply
  const [result, dayTokens, dayUsd, dayPico, monthUsd, monthPico] = reply as [number, ...string[]]
  if (result === 0) return { outcome: 'duplicate' }
  if (result === -1) return new RunnerError('STORE_UNAVAILABLE', 'the outbox in Redis is full')
  return {
    outcome: 'new',
    totals: {
      dayTokens: Number(dayTokens),
      dayPicoUsd: joinMoney(dayUsd, dayPico),
      monthPicoUsd: joinMoney(monthUsd, monthPico),
    },
  }
}
