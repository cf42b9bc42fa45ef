import { type Static, Type } from 'typebox'
import type { TierConf } from '../tier.ts'

/** Redis counts in doubles and writes numbers from 1e17 with an exponent, which its scripts would not read back. */
const MAX_TOKENS = 1_000_000_000_000_000
const count = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_TOKENS, description }))
const money = (description: string) =>
  Type.Optional(Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,12})?$', description }))

/** What one tier, or one consumer, may use. An absent limit is no limit. */
export const LimitsSchema = Type.Object(
  {
    tokens_per_day: count('Tokens per calendar day, input and output.'),
    tokens_per_minute: count('Tokens in any 60 seconds.'),
    requests_per_minute: count('Requests in any 60 seconds.'),
    concurrent_requests: count('Requests under way at the same time.'),
    usd_per_day: money('Cost per calendar day in USD, a decimal string.'),
    usd_per_month: money('Cost per calendar month in USD, a decimal string.'),
  },
  { additionalProperties: false },
)
export type Limits = Readonly<Static<typeof LimitsSchema>>
export type LimitName = keyof Limits

/** The consumer's own limits win over those of the tier, one by one. */
export function limitsOf(
  conf: { tiers: Readonly<Record<string, Limits>>; consumer_limits: Readonly<Record<string, Limits>> },
  consumer: string,
  tier: string,
): Limits {
  const ofTier = Object.hasOwn(conf.tiers, tier) ? conf.tiers[tier] : undefined
  const own = Object.hasOwn(conf.consumer_limits, consumer) ? conf.consumer_limits[consumer] : undefined
  return own ? { ...ofTier, ...own } : (ofTier ?? {})
}

/** Tiers that a conf with limits puts consumers in without a word about theirs: a typing error would cost money. */
export function tiersWithoutLimits(
  conf: TierConf & { readonly tiers: Readonly<Record<string, Limits>> },
): string[] {
  if (Object.keys(conf.tiers).length === 0) return []
  const used = new Set([conf.default_tier, ...Object.values(conf.consumers)])
  return [...used].filter((tier) => !Object.hasOwn(conf.tiers, tier))
}
