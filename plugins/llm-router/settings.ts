import { type Static, Type } from 'typebox'

const ms = (value: number, description: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 86_400_000,
    default: value,
    description: `Milliseconds. ${description}`,
  })
const count = (value: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 1_000_000, default: value, description })

const BreakerSettingsSchema = Type.Object(
  {
    failure_threshold: count(5, 'Failures in a row that open it.'),
    failure_ratio: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Share of failures in a window that opens it, from twice the threshold on.',
    }),
    window_ms: ms(10_000, 'Length of a window.'),
    open_ms: ms(
      5_000,
      'How long it stays open the first time; twice as long after each failed probe or relapse.',
    ),
    max_open_ms: ms(60_000, 'Upper bound of that, and of a Retry-After.'),
    cut_threshold: count(3, 'Answers in a window that began and broke off, which open it ...'),
    cut_ratio: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.02,
      description: '... when they are at least this share of the answers.',
    }),
    relapse_ms: ms(60_000, 'Opening again so soon after it closed doubles the time that it stays open.'),
    rate_limit_threshold: count(3, 'Answers 429 in a window that open it; one is enough with a Retry-After.'),
    rate_limit_open_ms: ms(5_000, 'How long a 429 without Retry-After keeps it open.'),
    probe_ms: ms(30_000, 'After which a probe without a result is given up.'),
    slow_ttft_ms: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400_000,
        description:
          'Milliseconds. A first byte that takes longer counts as a failure. An answer that is not streamed has its first byte when all of it is there. Unset: none is too slow.',
      }),
    ),
    ttft_memory_ms: ms(60_000, 'An older measurement weighs 1/e of a new one.'),
  },
  { additionalProperties: false, default: {}, description: 'Circuit breaker of each provider and model.' },
)

export const RouterSettingsSchema = Type.Object(
  {
    control_url: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'APISIX’s control API, http://127.0.0.1:9090. Unset: active checks are not looked at.',
      }),
    ),
    control_interval_ms: ms(2_000, 'Between two polls.'),
    control_timeout_ms: ms(1_000, 'For one poll.'),
    control_stale_ms: ms(10_000, 'After which the last answer counts for nothing.'),
    control_max_bytes: count(1_000_000, 'Of the answer; a longer one is an error.'),
    control_ignored_ports: Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), {
      default: [9444],
      description:
        'Ports of nodes that are APISIX’s own failover listener: they say nothing of the provider.',
    }),
    refresh_ms: ms(500, 'Age of the picture that decisions are made with.'),
    flush_ms: ms(50, 'How long changes are gathered before they are written.'),
    redis_key_prefix: Type.String({
      pattern: '^[\\w.:-]{1,64}$',
      default: 'llm-router',
      description: 'Instances with the same prefix share their state.',
    }),
    redis_timeout_ms: ms(500, 'For one command; then the local copy is used.'),
    in_flight_ttl_ms: ms(
      600_000,
      'After which a request whose log entry never came is no longer counted as in flight.',
    ),
    breaker: BreakerSettingsSchema,
  },
  { additionalProperties: false, default: {} },
)

export type RouterSettings = Static<typeof RouterSettingsSchema>
export type BreakerSettings = Static<typeof BreakerSettingsSchema>
