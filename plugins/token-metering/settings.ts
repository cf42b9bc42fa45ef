import { type Static, type TSchema, Type } from 'typebox'
import { timeZone } from '../time-zone.ts'

const ms = (value: number, description: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 3_600_000,
    default: value,
    description: `Milliseconds. ${description}`,
  })
/** Redis refuses an expiry that is too far away, in the middle of a script. */
const kept = (value: number, maximum: number, description: string) =>
  Type.Integer({ minimum: 1, maximum, default: value, description })
const positive = (value: number, description: string) =>
  Type.Integer({ minimum: 1, default: value, description })
const text = (value: string, description: string) =>
  Type.String({ minLength: 1, default: value, description })
const optionalSection = <P extends Record<string, TSchema>>(description: string, properties: P) =>
  Type.Optional(Type.Object(properties, { additionalProperties: false, description }))

export const MeteringSettingsSchema = Type.Object(
  {
    time_zone: timeZone('Days and months of quotas and bills begin there.'),
    price_file: Type.Optional(
      Type.String({ description: 'Price table instead of the built-in schemas/prices.json; same schema.' }),
    ),
    price_overrides: Type.Array(Type.Unknown(), {
      default: [],
      description: 'Price entries that win over the table, e.g. what your contract says.',
    }),
    usd_per_unit: Type.Record(Type.String(), Type.String(), {
      default: {},
      description:
        'Exchange rates, decimal strings: {"CNY": "0.1389"}. Without one, cost_usd of such prices is null.',
    }),
    journal_max_bytes: Type.Integer({
      minimum: 65_536,
      default: 4_294_967_296,
      description: 'Embedded store: size of the usage journal in data_dir. Full: the receiver answers 503.',
    }),
    redis_deadline_ms: ms(25, 'A request waits for the quotas in Redis no longer than this.'),
    redis_away: Type.Union([Type.Literal('local'), Type.Literal('refuse')], {
      default: 'local',
      description:
        'Redis is late or away. local: this runner counts by itself, with the same limits. refuse: 503.',
    }),
    commit_deadline_ms: ms(
      2_000,
      'A batch of events waits for Redis no longer than this, then it is spooled.',
    ),
    spool_max_bytes: positive(
      1_073_741_824,
      'Events on disk (data_dir) while Redis is away. Full: the receiver answers 503 and APISIX keeps them.',
    ),
    remember_ids_days: kept(
      7,
      3_650,
      'Redis remembers committed request ids so long; a log entry that comes again later counts again.',
    ),
    keep_days: kept(100, 36_500, 'Daily totals in Redis.'),
    keep_months: kept(25, 1_200, 'Monthly totals in Redis.'),
    outbox_max_events: positive(
      1_000_000,
      'Events in Redis that no sink has got yet (about 1.5 KB each). Full: events go to the spool.',
    ),
    outbox_alarm_s: positive(300, 'The oldest event waits so long for a sink: an error in the log.'),
    kafka_topic: text('llm-usage-events', 'Usage events go there when the runner has Kafka.'),
    kafka_alerts_topic: text('llm-usage-alerts', 'Budget and price alerts.'),
    alert_percents: Type.Array(Type.Integer({ minimum: 1, maximum: 1000 }), {
      default: [50, 80, 100],
      description: 'Of the limits tokens_per_day, usd_per_day and usd_per_month; each raised once a period.',
    }),
    alert_webhook: optionalSection('Alerts also go there, one POST each.', {
      url: Type.String({ pattern: '^https?://' }),
      authorization: Type.Optional(Type.String({ description: 'Of the Authorization header.' })),
      timeout_ms: ms(5_000, 'One POST.'),
      tries: positive(5, 'For one alert.'),
    }),
    clickhouse: optionalSection('Events also go there by HTTP, for those without its Kafka engine.', {
      url: Type.String({ pattern: '^https?://', description: 'Of the HTTP interface.' }),
      table: Type.String({
        pattern: '^[A-Za-z_][\\w]*(\\.[A-Za-z_][\\w]*)?$',
        default: 'llm.usage_events_in',
        description: 'Of schemas/clickhouse.',
      }),
      user: text('default', 'ClickHouse user.'),
      password: Type.String({
        default: '',
        description: 'Best taken from the environment, as a variable in the settings file.',
      }),
      timeout_ms: ms(30_000, 'One insert.'),
    }),
    tenants: Type.Union([Type.Literal('off'), Type.Literal('over_conf'), Type.Literal('under_conf')], {
      default: 'off',
      description:
        'Tenant entities in Redis. over_conf: what they say wins over the route conf; under_conf: the other way round.',
    }),
    tenants_cache_ms: ms(5_000, 'A tenant is read from Redis at most so often.'),
    token_worker: Type.Boolean({
      default: true,
      description: 'Count big prompts in a worker thread instead of estimating.',
    }),
  },
  { additionalProperties: false },
)

export type MeteringSettings = Readonly<Static<typeof MeteringSettingsSchema>>
