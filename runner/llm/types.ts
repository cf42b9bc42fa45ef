/** The request formats that the gateway understands; `messages` is Anthropic's. */
export type Endpoint = 'chat-completions' | 'completions' | 'responses' | 'embeddings' | 'messages' | 'models'

/** Whose response format a body has; `unknown` when nothing in it tells (an error object, an empty body). */
export type LlmApi =
  | 'openai-chat'
  | 'openai-completions'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic'
  | 'ollama'
  | 'dashscope'
  | 'gemini'
  | 'unknown'

/**
 * Token counts as the wire states them. A field that is absent was not said; zero was said.
 * `promptTokens` includes cached and cache-written tokens in every API. `completionTokens` is the provider's word:
 * most include reasoning tokens, xAI and Gemini's OpenAI endpoint do not; `outputTokens` evens that out.
 */
export interface TokenUsage {
  promptTokens?: number
  completionTokens?: number
  totalTokens?: number
  cachedTokens?: number
  cacheWriteTokens?: number
  reasoningTokens?: number
  audioInputTokens?: number
  audioOutputTokens?: number
}

export interface ToolCall {
  id?: string
  name: string
  /** The arguments as the model wrote them: JSON text, possibly cut or broken. */
  arguments: string
}

export interface AnswerChoice {
  index: number
  role: string
  content: string
  refusal?: string
  reasoning?: string
  toolCalls?: ToolCall[]
  finishReason?: string
  /** There is more than text and tool calls (sound, images, citations, tools of the provider): it cannot be told again. */
  extras?: true
}

export interface AnswerError {
  type?: string
  code?: string
  message?: string
}

/** What one response body says, whatever its format. */
export interface Answer {
  api: LlmApi
  /** True for SSE and NDJSON bodies. */
  stream: boolean
  model?: string
  usage?: TokenUsage
  /** The terminal event of a stream, or the whole JSON document, was seen. */
  complete: boolean
  /** The first choice's reason, in the provider's own words. */
  finishReason?: string
  choices: AnswerChoice[]
  error?: AnswerError
  id?: string
  /** Unix seconds. */
  created?: number
  /** Lines or events of a stream that were not JSON; they are skipped. */
  brokenEvents: number
}

/** An answer without its texts. */
export type AnswerSummary = Omit<Answer, 'choices' | 'brokenEvents'>

/** What the caller knows about a body before reading it. A hint never overrides what the body plainly shows. */
export interface AnswerHint {
  api?: LlmApi
  contentType?: string
  status?: number
  stream?: boolean
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A key with the value undefined is one that is not written. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined
}

export type TextRole = 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'input'

/** A way into a parsed JSON body, key by key. */
export type JsonPath = readonly (string | number)[]

export interface TextPart {
  role: TextRole
  text: string
  /** Where the text stands in the body; what `replaceText` takes. */
  path: JsonPath
  /** Written by somebody other than the client application and the model: users, tools, participant names. */
  external: boolean
}

export interface RequestFeatures {
  model?: string
  stream: boolean
  /** How many choices are asked for; 1 unless said. */
  n: number
  temperature?: number
  maxTokens?: number
  hasTools: boolean
  hasToolResults: boolean
  hasImages: boolean
  hasAudio: boolean
  /** Files, videos and parts that nobody knows, or an answer that is not to be text. */
  hasOthers?: true
  logprobs: boolean
  /** The client itself asked for usage in its stream. */
  wantsUsage: boolean
}

export type RequestValidation =
  | { ok: true }
  | { ok: false; message: string; param: string | null; code: string }

export interface ApiError {
  message: string
  /** OpenAI's word, such as `invalid_request_error`; translated for Anthropic's format. */
  type: string
  param?: string | null
  code?: string | null
  /** Only Anthropic's format carries it. */
  requestId?: string
}

/** Endpoints whose answers are texts that can be told again. */
export type RenderableEndpoint = 'chat-completions' | 'completions' | 'responses' | 'messages'

/** As much of an answer as serving it again takes. */
export type StoredAnswer = Pick<Answer, 'model' | 'usage' | 'choices'>

export interface RenderOptions {
  stream: boolean
  /** The client set `stream_options.include_usage`. Only chat and legacy completions ask. */
  includeUsage?: boolean
  /** In the endpoint's own style: `chatcmpl-...`, `cmpl-...`, `resp_...`, `msg_...`. */
  id: string
  /** Unix seconds. */
  created: number
  /** Further top-level fields; those of the format win. */
  extra?: JsonObject
}
