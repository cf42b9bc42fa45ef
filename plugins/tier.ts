import { Type } from 'typebox'

/** Which tier a consumer is in; the same two keys in the conf of every plugin that asks. */
export const tierConf = {
  consumers: Type.Record(Type.String(), Type.String({ minLength: 1 }), {
    default: {},
    description: 'Tier by APISIX consumer, e.g. {"business_unit_A": "premium"}.',
  }),
  default_tier: Type.String({ minLength: 1, default: 'basic', description: 'Tier of every other consumer.' }),
}

export interface TierConf {
  readonly consumers: Readonly<Record<string, string>>
  readonly default_tier: string
}

export function tierOf(conf: TierConf, consumer: string | undefined): string {
  const own =
    consumer !== undefined && Object.hasOwn(conf.consumers, consumer) ? conf.consumers[consumer] : undefined
  return own ?? conf.default_tier
}
