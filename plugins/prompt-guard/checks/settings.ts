import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false }
const env = (fallback: string, what: string) =>
  Type.String({ minLength: 1, default: fallback, description: `Environment variable with ${what}.` })
const integer = (value: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description })
const endpoint = (fallback: string) =>
  Type.Optional(Type.String({ pattern: '^https?://', description: `Default: ${fallback}.` }))

export const OpenAiSettings = Type.Object(
  {
    endpoint: endpoint('https://api.openai.com/v1/moderations'),
    api_key_env: env('OPENAI_API_KEY', 'the key'),
    model: Type.String({ default: 'omni-moderation-latest' }),
    min_score: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Take a text for bad from this score of its worst category on, whatever `flagged` says.',
      }),
    ),
  },
  { ...strict, description: 'OpenAI moderation.' },
)

export const HttpSettings = Type.Object(
  {
    endpoint: Type.String({ pattern: '^https?://' }),
    headers: Type.Record(Type.String(), Type.String(), { default: {}, description: 'Sent as they are.' }),
    headers_env: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Header name > environment variable that holds its value.',
    }),
    request: Type.Unknown({
      description: 'JSON request. In every string of it {{text}} stands for the text to check.',
    }),
    verdict: Type.String({ description: 'JSON pointer to the verdict in the answer, e.g. /result/flagged.' }),
    violation: Type.Unknown({
      default: true,
      description:
        'What the verdict is when the text is bad: a boolean, a string, a list of strings, or {"at_least": 0.8}.',
    }),
    label: Type.Optional(Type.String({ description: 'JSON pointer to the name of what was found.' })),
    score: Type.Optional(Type.String({ description: 'JSON pointer to a score from 0 to 1.' })),
    max_chars: integer(10_000, 100, 1_000_000, 'Longest text of one call.'),
  },
  { ...strict, description: 'Any service that takes a text in a JSON request.' },
)

export const AliyunSettings = Type.Object(
  {
    endpoint: endpoint('https://green-cip.<region>.aliyuncs.com'),
    region: Type.String({ pattern: '^[a-z0-9-]+$', default: 'cn-shanghai' }),
    access_key_id_env: env('ALIBABA_CLOUD_ACCESS_KEY_ID', 'the AccessKey id'),
    access_key_secret_env: env('ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'its secret'),
    service: Type.String({
      default: 'llm_query_moderation',
      description: '`Service` of TextModerationPlus.',
    }),
    min_risk: Type.Union([Type.Literal('low'), Type.Literal('medium'), Type.Literal('high')], {
      default: 'medium',
      description: 'Risk level from which a text is a violation.',
    }),
    max_chars: integer(2_000, 100, 2_000, 'Longest text of one call; the service takes 2000.'),
  },
  { ...strict, description: 'Aliyun content moderation (TextModerationPlus).' },
)

export const TencentSettings = Type.Object(
  {
    endpoint: endpoint('https://tms.tencentcloudapi.com'),
    region: Type.String({ default: 'ap-guangzhou' }),
    secret_id_env: env('TENCENTCLOUD_SECRET_ID', 'the SecretId'),
    secret_key_env: env('TENCENTCLOUD_SECRET_KEY', 'the SecretKey'),
    biz_type: Type.Optional(Type.String({ description: 'Policy made in the console.' })),
    review_is_violation: Type.Boolean({ default: false, description: 'Take `Review` for a violation too.' }),
    max_chars: integer(10_000, 100, 10_000, 'Longest text of one call; the service takes 10 000.'),
  },
  { ...strict, description: 'Tencent Cloud TMS (TextModeration).' },
)

/** One check: exactly one of the four services, and the bounds around it. */
export const CheckSettingsSchema = Type.Object(
  {
    openai: Type.Optional(OpenAiSettings),
    http: Type.Optional(HttpSettings),
    aliyun: Type.Optional(AliyunSettings),
    tencent: Type.Optional(TencentSettings),
    timeout_ms: integer(1_500, 10, 4_000, 'For all calls of one request, waiting included.'),
    max_calls: integer(16, 1, 1_000, 'Calls for the texts of one request; more is a failure.'),
    max_response_bytes: integer(65_536, 256, 16_777_216, 'A longer answer is a failure.'),
    concurrency: integer(32, 1, 1_000, 'Calls at once, per process.'),
    max_waiting: integer(256, 0, 100_000, 'Calls that wait for their turn; one more is a failure.'),
    cache_ttl_s: integer(600, 0, 86_400, 'How long verdicts are kept. 0: not at all.'),
    cache_entries: integer(10_000, 0, 1_000_000, 'Verdicts kept, per process.'),
    failure_threshold: integer(5, 1, 1_000, 'Failures in a row after which no call is made for a while.'),
    open_ms: integer(5_000, 10, 60_000, 'How long; doubled when the next call fails too, up to a minute.'),
  },
  strict,
)

export type CheckSettings = Static<typeof CheckSettingsSchema>
export type OpenAiSettings = Static<typeof OpenAiSettings>
export type HttpSettings = Static<typeof HttpSettings>
export type AliyunSettings = Static<typeof AliyunSettings>
export type TencentSettings = Static<typeof TencentSettings>
