import { formatMoney, parseMoney } from './cost/money.ts'
import type { Limits } from './limits.ts'
import type { ConsumerTotals } from './store/redis-usage-store.ts'
import type { CommitEntry } from './store/usage-store.ts'

/** What goes to the alerts topic and the webhook. The scripts of the Redis store write the same. */
export interface UsageAlert {
  /** The same alert never comes under another id. */
  readonly alert_id: string
  readonly kind: 'budget' | 'unpriced_model'
  readonly consumer: string
  readonly period: string
  readonly request_id: string
  readonly timestamp_ms: number
  readonly limit?: 'tokens_per_day' | 'usd_per_day' | 'usd_per_month'
  /** Percent. */
  readonly threshold?: number
  readonly used?: string
  readonly of?: string
  readonly model?: string
}

/** Alerts that an event gives rise to; the embedded store's counterpart of the Redis script. */
export function alertsOf(
  entry: CommitEntry,
  totals: ConsumerTotals,
  limits: Limits | undefined,
  percents: readonly number[],
): readonly UsageAlert[] {
  const { event, consumer, day, month } = entry
  if (percents.length === 0) return []
  const common = { consumer, request_id: event.request_id, timestamp_ms: event.timestamp_ms }
  const alerts: UsageAlert[] = []
  if (event.cost_usd === null) {
    const model = event.model ?? ''
    const alert_id = `${consumer}:${day}:unpriced_model:${model}`
    alerts.push({ alert_id, kind: 'unpriced_model', ...common, period: day, model })
  }
  const check = (
    limit: NonNullable<UsageAlert['limit']>,
    period: string,
    used: bigint,
    of: bigint | undefined,
    show: (amount: bigint) => string,
  ) => {
    if (of === undefined) return
    for (const threshold of percents.filter((percent) => used * 100n >= of * BigInt(percent))) {
      const alert_id = `${consumer}:${period}:${limit}:${threshold}`
      const amounts = { limit, threshold, used: show(used), of: show(of) }
      alerts.push({ alert_id, kind: 'budget', ...common, period, ...amounts })
    }
  }
  const { tokens_per_day: tokens, usd_per_day: dayUsd, usd_per_month: monthUsd } = limits ?? {}
  const money = (amount: bigint) => formatMoney(amount, 12)
  check(
    'tokens_per_day',
    day,
    BigInt(totals.dayTokens),
    tokens === undefined ? undefined : BigInt(tokens),
    String,
  )
  check('usd_per_day', day, totals.dayPicoUsd, dayUsd === undefined ? undefined : parseMoney(dayUsd), money)
  check(
    'usd_per_month',
    month,
    totals.monthPicoUsd,
    monthUsd === undefined ? undefined : parseMoney(monthUsd),
    money,
  )
  return alerts
}
