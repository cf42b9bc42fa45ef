import { type Static, type TSchema, Type } from 'typebox'

const section = <P extends Record<string, TSchema>>(description: string, properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description })
/** Absent unless the file has it. */
const optionalSection = <P extends Record<string, TSchema>>(description: string, properties: P) =>
  Type.Optional(Type.Object(properties, { additionalProperties: false, description }))
const ms = (value: number, description: string, maximum = 3_600_000) =>
  Type.Integer({ minimum: 1, maximum, default: value, description: `Milliseconds. ${description}` })

/**
 * The runner's own settings: a YAML file, overridden by LLM_RUNNER_<SECTION>_<KEY> variables and flags. `${VAR}` in a
 * string takes a value from the environment, so that secrets stay out of the file.
 */
export const SettingsSchema = Type.Object(
  {
    listen: Type.String({
      default: 'unix:/tmp/llm-runner.sock',
      description:
        'Socket for APISIX. APISIX_LISTEN_ADDRESS, which APISIX sets when it spawns the runner, wins.',
    }),
    socket_mode: Type.String({
      pattern: '^0[0-7]{3}$',
      default: '0666',
      description: 'Of the socket file. APISIX workers usually run as nobody.',
    }),
    socket_group: Type.Optional(Type.String({ description: 'Group of the socket file, name or number.' })),
    workers: Type.Integer({
      minimum: 0,
      maximum: 128,
      default: 0,
      description: 'Worker processes behind the socket. 0: one process does everything.',
    }),
    data_dir: Type.Optional(
      Type.String({
        description: 'For what must survive a restart (usage journal, dead letters). Unset: nothing does.',
      }),
    ),
    conf_expire_s: Type.Integer({
      minimum: 60,
      default: 3600,
      description: 'Seconds after which an unused route conf is forgotten. APISIX_CONF_EXPIRE_TIME wins.',
    }),
    log: section('Logging.', {
      level: Type.Union(
        ['debug', 'info', 'warn', 'error'].map((level) => Type.Literal(level)),
        { default: 'info' },
      ),
      file: Type.Optional(Type.String({ description: 'Unset: standard output. SIGHUP opens it anew.' })),
    }),
    deadlines: section('How long things may take.', {
      call_ms: ms(10_000, 'One call from APISIX, which itself gives up after 60 s.', 55_000),
      plugin_ms: ms(5_000, 'One plugin, unless it declares its own.', 55_000),
      drain_ms: ms(30_000, 'Open calls after SIGTERM. At most 800 when APISIX spawned the runner.'),
    }),
    limits: section('What one request may cost.', {
      max_body_bytes: Type.Integer({
        minimum: 1024,
        maximum: 16_000_000,
        default: 4_194_304,
        description: 'Request body that plugins read; more is answered 413.',
      }),
      max_json_values: Type.Integer({
        minimum: 100,
        default: 100_000,
        description: 'JSON values in a request body; more is answered 413.',
      }),
      max_request_records: Type.Integer({
        minimum: 1000,
        default: 200_000,
        description: 'Requests remembered in memory between the call and its log entry.',
      }),
    }),
    usage: section('The HTTP server for APISIX’s http-logger, metrics and health.', {
      host: Type.String({ default: '127.0.0.1' }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, default: 9320 }),
      auth_header: Type.Optional(
        Type.String({
          minLength: 8,
          description: 'Shared secret; http-logger’s `auth_header` must say the same.',
        }),
      ),
      admin_key: Type.Optional(
        Type.String({
          minLength: 8,
          description: 'What operators send as X-API-KEY for /plugins/<name>/... .',
        }),
      ),
      max_post_bytes: Type.Integer({
        minimum: 1024,
        default: 268_435_456,
        description: 'One post of log entries; each may carry a request and a response of 16 MB.',
      }),
      max_waiting_bytes: Type.Integer({
        minimum: 1024,
        default: 536_870_912,
        description: 'Posts being worked on; beyond it the answer is 503 and APISIX sends again.',
      }),
      post_deadline_ms: ms(30_000, 'Reading and committing one post.'),
      observer_deadline_ms: ms(10_000, 'One plugin’s observer on one batch.'),
      max_waiting_observations: Type.Integer({
        minimum: 1,
        default: 10_000,
        description:
          'Committed events whose observers have not run yet; beyond it the oldest are dropped, billed all the same.',
      }),
      dead_letters_max_bytes: Type.Integer({
        minimum: 0,
        default: 67_108_864,
        description:
          'Of the file with log entries that could not be read (bodies replaced by length and hash).',
      }),
    }),
    redis: optionalSection(
      'Shared state. Without it stores are embedded in this process (or the supervisor).',
      {
        url: Type.String({
          description:
            'redis:// or rediss://; for Sentinel (which then says host and port) and Cluster see `sentinels`, `cluster`.',
        }),
        sentinels: Type.Optional(
          Type.Array(
            Type.Object({ host: Type.String(), port: Type.Integer() }, { additionalProperties: false }),
          ),
        ),
        sentinel_name: Type.Optional(Type.String()),
        cluster: Type.Boolean({ default: false, description: 'The URL names one node of a Redis Cluster.' }),
        key_prefix: Type.String({ default: '' }),
        connect_timeout_ms: ms(1_000, 'Opening a connection.'),
      },
    ),
    kafka: optionalSection('Where billing events go.', {
      brokers: Type.Array(Type.String(), { minItems: 1 }),
      client_id: Type.String({ default: 'llm-runner' }),
      ssl: Type.Boolean({ default: false }),
      sasl_mechanism: Type.Optional(
        Type.Union(['plain', 'scram-sha-256', 'scram-sha-512'].map((name) => Type.Literal(name))),
      ),
      sasl_username: Type.Optional(Type.String()),
      sasl_password: Type.Optional(Type.String()),
    }),
    otlp: optionalSection('Traces: one span with gen_ai attributes for each request, over OTLP/gRPC.', {
      endpoint: Type.String({
        pattern: '^https?://[^/]+$',
        description: 'Collector, e.g. http://127.0.0.1:4317.',
      }),
      service_name: Type.String({ default: 'llm-runner' }),
      headers: Type.Record(Type.String(), Type.String(), {
        default: {},
        description: 'Sent with each export.',
      }),
      timeout_ms: ms(5_000, 'One export.'),
    }),
    plugins: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
      default: {},
      description: 'Settings of plugins by name; each plugin’s README has the table.',
    }),
    extra_plugins: Type.Array(Type.String(), {
      default: [],
      description: 'Plugins of your own: module paths, relative to this file.',
    }),
  },
  { additionalProperties: false, $id: 'settings', title: 'Runner settings' },
)

type Loose = Static<typeof SettingsSchema>
export type Settings = Readonly<Omit<Loose, 'log'>> & {
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly file?: string }
}
