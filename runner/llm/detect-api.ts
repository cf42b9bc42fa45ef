import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'
import type { LlmApi } from './types.ts'

const objects = new Map<unknown, LlmApi>([
  ['chat.completion', 'openai-chat'],
  ['chat.completion.chunk', 'openai-chat'],
  ['text_completion', 'openai-completions'],
  ['text_completion.chunk', 'openai-completions'],
  ['response', 'openai-responses'],
])

const anthropicTypes =
  /^(?:message|message_start|message_delta|message_stop|content_block_(?:start|delta|stop)|ping)$/

/** Whose answer (or piece of an answer) this is, by what only that format has. `type`: its own or its SSE event's. */
export function detectApi(json: JsonRecord, type: string): LlmApi {
  const byObject = objects.get(json.object)
  if (byObject !== undefined) return byObject
  if (type.startsWith('response.')) return 'openai-responses'
  if (anthropicTypes.test(type)) return 'anthropic'
  if (type === 'error') return isRecord(json.error) ? 'anthropic' : 'unknown'
  if (Array.isArray(json.choices)) return byChoice(recordOf(json.choices[0]))
  if (Array.isArray(json.candidates) || isRecord(json.usageMetadata) || isRecord(json.promptFeedback))
    return 'gemini'
  if (isRecord(json.output) && (json.request_id !== undefined || json.usage !== undefined)) return 'dashscope'
  if (typeof json.done === 'boolean' || json.prompt_eval_count !== undefined) return 'ollama'
  if (stringOf(json.request_id) && stringOf(json.code) && stringOf(json.message)) return 'dashscope'
  return isEmbeddings(json) ? 'openai-embeddings' : 'unknown'
}

function byChoice(choice: JsonRecord): LlmApi {
  return typeof choice.text === 'string' && !isRecord(choice.message) && !isRecord(choice.delta)
    ? 'openai-completions'
    : 'openai-chat'
}

function isEmbeddings(json: JsonRecord): boolean {
  const data = arrayOf(json.data)
  return data.length > 0
    ? recordOf(data[0]).embedding !== undefined
    : json.object === 'list' && isRecord(json.usage)
}
