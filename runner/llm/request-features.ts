import { arrayOf, isRecord, numberOf, recordOf, stringOf } from './json.ts'
import type { Endpoint, RequestFeatures } from './types.ts'

/** What routing, quotas and caching want to know about a request. Never throws; wrong types count as absent. */
export function requestFeatures(endpoint: Endpoint, body: unknown): RequestFeatures {
  const request = recordOf(body)
  const model = stringOf(request.model)
  const temperature = numberOf(request.temperature)
  const maxTokens = maxTokensOf(request)
  const content = contentKinds(
    endpoint === 'responses' ? request.input : request.messages,
    recordOf(recordOf(request.prompt).variables),
  )
  const forms = arrayOf(request.modalities)
  const features: RequestFeatures = {
    stream: request.stream === true,
    n: choices(request),
    hasTools: arrayOf(request.tools).length > 0 || arrayOf(request.functions).length > 0,
    hasToolResults: content.toolResults,
    hasImages: content.images,
    hasAudio: content.audio || forms.includes('audio'),
    logprobs: wantsLogprobs(request),
    wantsUsage: recordOf(request.stream_options).include_usage === true,
  }
  // Assigned, not spread: spreading made up most of the cost of a call that several plugins make for each request.
  if (model !== undefined) features.model = model
  if (temperature !== undefined) features.temperature = temperature
  if (maxTokens !== undefined) features.maxTokens = maxTokens
  if (content.others || forms.some((form) => form !== 'text' && form !== 'audio')) features.hasOthers = true
  return features
}

/** How many output tokens the client asks for at most, by whichever name its API has for that. */
export function maxTokensOf(request: Record<string, unknown>): number | undefined {
  return (
    numberOf(request.max_completion_tokens) ??
    numberOf(request.max_output_tokens) ??
    numberOf(request.max_tokens)
  )
}

/**
 * The body with `stream_options.include_usage` set, so that a stream ends with its token counts. Unchanged when it
 * does not stream (OpenAI refuses the option there) or asks for usage already.
 */
export function includeUsage<T>(body: T): T {
  if (!isRecord(body) || body.stream !== true) return body
  const options = recordOf(body.stream_options)
  if (options.include_usage === true) return body
  return { ...body, stream_options: { ...options, include_usage: true } }
}

function choices(request: Record<string, unknown>): number {
  const n = numberOf(request.n)
  return n !== undefined && Number.isInteger(n) && n > 0 ? n : 1
}

function wantsLogprobs(request: Record<string, unknown>): boolean {
  const { logprobs, top_logprobs: top } = request
  if (logprobs === true || typeof logprobs === 'number') return true
  return (
    (typeof top === 'number' && top > 0) || arrayOf(request.include).includes('message.output_text.logprobs')
  )
}

interface ContentKinds {
  toolResults: boolean
  images: boolean
  audio: boolean
  others: boolean
}

/** Types of items and parts that are text, or calls that are told as text. */
const TEXT_TYPES = new Set([
  'message',
  'text',
  'input_text',
  'output_text',
  'refusal',
  'reasoning',
  'reasoning_text',
  'summary_text',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'function_call',
  'custom_tool_call',
])

function contentKinds(list: unknown, variables: Record<string, unknown>): ContentKinds {
  const kinds: ContentKinds = { toolResults: false, images: false, audio: false, others: false }
  const stack: unknown[] = [...arrayOf(list), ...Object.values(variables)]
  while (stack.length > 0) {
    const item = stack.pop()
    if (!isRecord(item)) continue
    const type = stringOf(item.type) ?? ''
    if (item.role === 'tool' || item.role === 'function') kinds.toolResults = true
    if (type.endsWith('tool_result') || type.endsWith('_call_output')) kinds.toolResults = true
    else if (type === 'image' || type === 'image_url' || type === 'input_image') kinds.images = true
    else if (type === 'audio' || type === 'audio_url' || type === 'input_audio') kinds.audio = true
    else if (type === '' ? !isPlain(item) : !TEXT_TYPES.has(type)) kinds.others = true
    if (isRecord(item.audio)) kinds.audio = true
    if (arrayOf(item.images).length > 0) kinds.images = true
    for (const part of arrayOf(item.content)) stack.push(part)
    for (const part of arrayOf(item.output)) stack.push(part)
  }
  return kinds
}

/** A message, or a part that does not say what it is and has a text. */
function isPlain(item: Record<string, unknown>): boolean {
  return item.role !== undefined || item.content !== undefined || typeof item.text === 'string'
}
