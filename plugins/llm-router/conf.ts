import { type Static, type TProperties, Type } from 'typebox'
import { tierConf } from '../tier.ts'
import { timeZone } from '../time-zone.ts'
import { PROVIDER_TYPES } from './catalogue/presets.ts'

const closed = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })
const oneOf = <T extends string>(names: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...names], ...options })
const names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { minItems: 1, maxItems: 1000, description })
const providerName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$' })

export const ROUTED_ENDPOINTS = [
  'chat-completions',
  'completions',
  'responses',
  'embeddings',
  'messages',
] as const
export const STRATEGIES = ['priority', 'weighted', 'least_busy', 'lowest_latency', 'lowest_cost'] as const

const keyReference = Type.String({
  pattern: '^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$',
  description:
    'An environment variable of the runner: a dollar sign and its name in braces. Never the key itself.',
})

const Price = closed(
  { input: Type.Number({ minimum: 0 }), output: Type.Number({ minimum: 0 }) },
  'Per million tokens, in one currency for all targets. Only compares targets; bills come from the price table.',
)

const Model = closed(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'What the provider calls it (a deployment).',
      }),
    ),
    context_window: Type.Optional(Type.Integer({ minimum: 1, description: 'Tokens.' })),
    price: Type.Optional(Price),
  },
  'One model of a provider.',
)

const path = Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], pattern: '^/[^?#\\s]*$' }))

const Provider = closed(
  {
    type: oneOf(PROVIDER_TYPES, {
      default: 'openai-compatible',
      description: 'Preset of paths, key header and fields.',
    }),
    upstream: Type.String({
      pattern: '^[\\w.-]{1,64}$',
      description: 'Value of the X-LLM-Upstream header, by which traffic-split chooses the APISIX upstream.',
    }),
    upstream_id: Type.Optional(
      Type.String({
        pattern: '^[\\w.-]{1,64}$',
        description: 'Id of that upstream in APISIX, for its active checks; default: the same.',
      }),
    ),
    api_key: Type.Optional(keyReference),
    api_keys: Type.Optional(
      Type.Array(keyReference, { minItems: 1, maxItems: 64, description: 'Used in turn.' }),
    ),
    auth: Type.Optional(
      oneOf(['bearer', 'api-key', 'x-api-key', 'none'], {
        description: 'Header that carries the key; default: the preset’s.',
      }),
    ),
    api_version: Type.Optional(
      Type.String({ pattern: '^[\\w.-]{1,32}$', description: 'Azure: the api-version argument.' }),
    ),
    paths: Type.Optional(
      closed(
        {
          'chat-completions': path,
          completions: path,
          responses: path,
          embeddings: path,
          messages: path,
        },
        'Paths that differ from the preset; {model} stands for the model, null takes the endpoint away.',
      ),
    ),
    models: Type.Record(Type.String(), Model, {
      default: {},
      description: 'What is known of its models, by the name that clients and rules use.',
    }),
    aliases: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 256 }), {
      default: {},
      description: 'Other names of models: {"gpt-4-latest": "gpt-4-0613"}.',
    }),
    only_listed_models: Type.Boolean({
      default: false,
      description: 'A target without a model takes only names that stand in `models` or `aliases`.',
    }),
    drop_fields: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Body fields that this provider rejects, beside those of the preset.',
    }),
    rename_fields: Type.Record(Type.String(), Type.String({ minLength: 1 }), {
      default: {},
      description:
        'Body fields that this provider calls differently: {"max_completion_tokens": "max_tokens"}.',
    }),
    local: Type.Optional(
      Type.Boolean({ description: '`prefer_local` puts it first; true for ollama and vllm.' }),
    ),
    max_queue: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Requests in flight beyond which `spill` takes its share.' }),
    ),
  },
  'Where requests can go, by name. A name means the same provider on every route.',
)

const TimeOfDay = closed(
  {
    from: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
    to: Type.String({
      pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
      description: 'Exclusive; earlier than `from`: over midnight.',
    }),
    time_zone: timeZone('Of the hours and days.'),
    days: Type.Optional(
      Type.Array(oneOf(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']), {
        minItems: 1,
        description: 'Of the moment itself, also after midnight.',
      }),
    ),
  },
  'Hours of the day.',
)

const When = closed(
  {
    models: Type.Optional(names('Globs (* and ?) of the requested model.')),
    tiers: Type.Optional(names('Any of these tiers.')),
    consumers: Type.Optional(names('Globs of the consumer.')),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Request headers, all of them: name to glob of the value.',
      }),
    ),
    endpoints: Type.Optional(Type.Array(oneOf(ROUTED_ENDPOINTS), { minItems: 1 })),
    prompt_tokens: Type.Optional(
      closed(
        {
          min: Type.Optional(Type.Integer({ minimum: 0 })),
          max: Type.Optional(Type.Integer({ minimum: 0 })),
        },
        'Estimated prompt length, both ends included.',
      ),
    ),
    tools: Type.Optional(Type.Boolean({ description: 'Whether the request brings tools.' })),
    images: Type.Optional(Type.Boolean({ description: 'Whether the request brings images.' })),
    stream: Type.Optional(Type.Boolean()),
    time: Type.Optional(TimeOfDay),
  },
  'All conditions must hold; none given: always.',
)

const targetProperties = {
  provider: providerName,
  model: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, description: 'Default: the requested model.' }),
  ),
}
const Target = closed(
  {
    ...targetProperties,
    weight: Type.Number({ exclusiveMinimum: 0, default: 1, description: 'weighted, least_busy: share.' }),
    price: Type.Optional(Price),
  },
  'A provider and what it is asked for.',
)

const Rule = closed(
  {
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Default: rule-<position>, from 1.' }),
    ),
    when: Type.Optional(When),
    targets: Type.Array(Target, { minItems: 1, maxItems: 32 }),
    strategy: oneOf(STRATEGIES, { default: 'priority', description: 'Order in which targets are tried.' }),
    sticky: Type.Optional(
      oneOf(['consumer', 'conversation'], {
        description: 'weighted: the same consumer or conversation gets the same target.',
      }),
    ),
    prefer_local: Type.Optional(Type.Boolean({ description: 'Local providers of the rule first.' })),
    context_overflow: Type.Optional(
      Type.Array(Target, {
        minItems: 1,
        maxItems: 8,
        description: 'Where prompts go that are too long for the target whose turn it is.',
      }),
    ),
  },
  'First match wins.',
)

export const RouterConf = closed(
  {
    ...tierConf,
    providers: Type.Record(providerName, Provider, {
      minProperties: 1,
      description: 'The catalogue.',
    }),
    rules: Type.Array(Rule, { minItems: 1, maxItems: 500 }),
    allowed_models: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 })), {
        description:
          'By tier: globs of models that may be requested. A tier that is missing may request any.',
      }),
    ),
    listed_models: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      default: [],
      description: 'More names for GET /v1/models, beside those of rules and providers.',
    }),
    prefer_local: Type.Boolean({
      default: false,
      description: 'Local providers first in every rule that does not say.',
    }),
    spill: Type.Optional(
      closed(
        {
          provider: providerName,
          model: Type.String({ minLength: 1, maxLength: 256 }),
          share: Type.Number({ minimum: 0, maximum: 1, default: 0.3 }),
        },
        'Where a share of the traffic goes while the chosen provider has more than `max_queue` in flight.',
      ),
    ),
    fallback: Type.Boolean({
      default: false,
      description: 'This is the failover route on the loopback listener: requests come for another time.',
    }),
    max_passes: Type.Integer({
      minimum: 1,
      maximum: 10,
      default: 4,
      description: 'Targets that one request may try, the first included.',
    }),
    other_paths: oneOf(['refuse', 'pass'], {
      default: 'refuse',
      description:
        'What is no LLM endpoint: 404, or on to the route’s default upstream without any credentials.',
    }),
    unknown_endpoint_message: Type.String({
      minLength: 1,
      maxLength: 256,
      default: 'This path is not an LLM endpoint of the gateway.',
      description: 'Message of that 404.',
    }),
    remove_headers: Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), {
      default: [],
      description: 'More request headers that no provider may see.',
    }),
  },
  'llm-router on one route.',
)

export type RouterConf = Static<typeof RouterConf>
export type ProviderConf = Static<typeof Provider>
export type RuleConf = Static<typeof Rule>
export type WhenConf = Static<typeof When>
export type TargetConf = Static<typeof Target>
export type PriceConf = Static<typeof Price>
export type TimeOfDayConf = Static<typeof TimeOfDay>
export type Strategy = (typeof STRATEGIES)[number]
