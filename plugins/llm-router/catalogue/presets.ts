import type { Endpoint } from '../../../runner/plugin.ts'

/** How a provider wants to see its key. `x-api-key-on-messages`: Anthropic, whose OpenAI endpoint takes a bearer token. */
export type AuthStyle = 'bearer' | 'api-key' | 'x-api-key' | 'x-api-key-on-messages' | 'none'

/** A field of the request body that this provider names differently (`to`) or rejects (no `to`). */
export interface FieldRule {
  readonly from: string
  readonly to?: string
  /** Globs of models; absent: all. */
  readonly models?: readonly string[]
  /** Absent: all. */
  readonly endpoints?: readonly Endpoint[]
}

/** What is the same for every customer of a provider. The conf may override each part. */
export interface Preset {
  /** By endpoint; `{model}` stands for the model name. An endpoint that is missing is not offered. */
  readonly paths: Readonly<Partial<Record<Endpoint, string>>>
  readonly auth: AuthStyle
  readonly fields: readonly FieldRule[]
  readonly headers?: Readonly<Partial<Record<Endpoint, Readonly<Record<string, string>>>>>
  /** Tokens, of models whose window can no longer change. */
  readonly windows?: Readonly<Record<string, number>>
  /** Runs on one's own machines: `prefer_local` puts it first. */
  readonly local?: true
  /** The API version is a query argument and must be in the conf. */
  readonly needsApiVersion?: true
}

const openAiPaths = {
  'chat-completions': '/v1/chat/completions',
  completions: '/v1/completions',
  responses: '/v1/responses',
  embeddings: '/v1/embeddings',
} as const

/** The reasoning models refuse `max_tokens`: https://platform.openai.com/docs/api-reference/chat/create */
const openAiFields: readonly FieldRule[] = [
  {
    from: 'max_tokens',
    to: 'max_completion_tokens',
    models: ['o1*', 'o3*', 'o4*', 'gpt-5*'],
    endpoints: ['chat-completions'],
  },
]

/** Everyone who copied the API before OpenAI renamed the field. */
const olderLimitField: readonly FieldRule[] = [
  { from: 'max_completion_tokens', to: 'max_tokens', endpoints: ['chat-completions'] },
]

const openAiWindows = { 'gpt-4': 8192, 'gpt-4-32k': 32_768, 'gpt-3.5-turbo': 16_385 }

/** Fields that only OpenAI's own service understands, for providers that answer 400 to an unknown field. */
const openAiOnly: readonly FieldRule[] = [
  'logit_bias',
  'metadata',
  'prompt_cache_key',
  'safety_identifier',
  'service_tier',
  'store',
  'user',
].map((from) => ({ from }))

/** Paths and key headers as each provider's API reference gives them; the host is the APISIX upstream's. */
export const PRESETS = {
  openai: { paths: openAiPaths, auth: 'bearer', fields: openAiFields, windows: openAiWindows },
  /** The deployment stands in the path; `models.<name>.name` or `aliases` map a model to its deployment. */
  azure: {
    paths: {
      'chat-completions': '/openai/deployments/{model}/chat/completions',
      completions: '/openai/deployments/{model}/completions',
      embeddings: '/openai/deployments/{model}/embeddings',
      responses: '/openai/responses',
    },
    auth: 'api-key',
    fields: openAiFields,
    needsApiVersion: true,
  },
  /** The native API on /v1/messages, and the OpenAI-compatible one. */
  anthropic: {
    paths: { 'chat-completions': '/v1/chat/completions', messages: '/v1/messages' },
    auth: 'x-api-key-on-messages',
    fields: [],
    headers: { messages: { 'anthropic-version': '2023-06-01' } },
  },
  dashscope: {
    paths: {
      'chat-completions': '/compatible-mode/v1/chat/completions',
      completions: '/compatible-mode/v1/completions',
      embeddings: '/compatible-mode/v1/embeddings',
      messages: '/apps/anthropic/v1/messages',
    },
    auth: 'bearer',
    fields: olderLimitField,
  },
  qianfan: {
    paths: {
      'chat-completions': '/v2/chat/completions',
      completions: '/v2/completions',
      embeddings: '/v2/embeddings',
    },
    auth: 'bearer',
    fields: [],
  },
  deepseek: {
    paths: {
      'chat-completions': '/v1/chat/completions',
      completions: '/beta/completions',
      messages: '/anthropic/v1/messages',
    },
    auth: 'bearer',
    fields: olderLimitField,
  },
  moonshot: {
    paths: { 'chat-completions': '/v1/chat/completions', messages: '/anthropic/v1/messages' },
    auth: 'bearer',
    fields: olderLimitField,
    windows: { 'moonshot-v1-8k': 8192, 'moonshot-v1-32k': 32_768, 'moonshot-v1-128k': 131_072 },
  },
  zhipu: {
    paths: {
      'chat-completions': '/api/paas/v4/chat/completions',
      embeddings: '/api/paas/v4/embeddings',
      messages: '/api/anthropic/v1/messages',
    },
    auth: 'bearer',
    fields: olderLimitField,
  },
  gemini: {
    paths: {
      'chat-completions': '/v1beta/openai/chat/completions',
      embeddings: '/v1beta/openai/embeddings',
    },
    auth: 'bearer',
    fields: openAiOnly,
  },
  ollama: {
    paths: {
      'chat-completions': '/v1/chat/completions',
      completions: '/v1/completions',
      embeddings: '/v1/embeddings',
    },
    auth: 'none',
    fields: olderLimitField,
    local: true,
  },
  vllm: { paths: openAiPaths, auth: 'bearer', fields: [], local: true },
  'openai-compatible': {
    paths: {
      'chat-completions': '/v1/chat/completions',
      completions: '/v1/completions',
      embeddings: '/v1/embeddings',
    },
    auth: 'bearer',
    fields: [],
  },
} as const satisfies Record<string, Preset>

export type ProviderType = keyof typeof PRESETS
export const PROVIDER_TYPES = Object.keys(PRESETS) as ProviderType[]
