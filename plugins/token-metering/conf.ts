import { type Static, Type } from 'typebox'
import { tierConf } from '../tier.ts'
import { LimitsSchema } from './limits.ts'

export const MeteringConfSchema = Type.Object(
  {
    tiers: Type.Record(Type.String(), LimitsSchema, {
      default: {},
      description:
        'Limits by tier. A tier that is not named here has no limit; if there are others, the log warns of it.',
    }),
    consumer_limits: Type.Record(Type.String(), LimitsSchema, {
      default: {},
      description: 'Limits of single consumers; each one that is set wins over the tier’s.',
    }),
    ...tierConf,
    completion_reserve: Type.Integer({
      minimum: 0,
      maximum: 10_000_000,
      default: 1024,
      description: 'Output tokens reserved for a request that does not limit them.',
    }),
    max_completion_reserve: Type.Integer({
      minimum: 0,
      maximum: 10_000_000,
      default: 4096,
      description: 'Most that is reserved for output, however generous the request’s max_tokens is.',
    }),
    reservation_ttl_s: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 600,
      description: 'Seconds after which a reservation that nothing settled is void.',
    }),
    include_usage: Type.Union(
      ['auto', 'always', 'never'].map((mode) => Type.Literal(mode)),
      {
        default: 'auto',
        description:
          'Ask for usage in streams where the client did not. auto: unless the provider is known to refuse it.',
      },
    ),
    quota_message: Type.Optional(
      Type.String({
        maxLength: 500,
        description: 'Message of the 429 when a daily or monthly quota is used up.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type MeteringConf = Readonly<Omit<Static<typeof MeteringConfSchema>, 'include_usage'>> & {
  readonly include_usage: 'auto' | 'always' | 'never'
}
