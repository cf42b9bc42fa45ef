import type { AnswerBuilder } from './answer-builder.ts'
import { argumentsText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, recordOf, stringOf } from './json.ts'
import { ollamaUsage } from './token-usage.ts'

/** Reads one line (or the only one) of Ollama's chat, generate or embed: https://docs.ollama.com/api */
export function readOllama(builder: AnswerBuilder, json: JsonRecord): void {
  builder.identify(undefined, json.model, json.created_at)
  builder.count(ollamaUsage(json))
  if (typeof json.done !== 'boolean') {
    builder.ended = true // embeddings: no choices, never a stream
    return
  }
  const choice = builder.choice(0)
  if (json.done) {
    builder.ended = true
    choice.finishReason = stringOf(json.done_reason) ?? 'stop'
  }
  if (!builder.keepText) return
  const message = recordOf(json.message)
  choice.role = stringOf(message.role) ?? choice.role
  choice.content += stringOf(message.content) ?? stringOf(json.response) ?? ''
  choice.reasoning += stringOf(message.thinking) ?? stringOf(json.thinking) ?? ''
  for (const item of arrayOf(message.tool_calls)) {
    const called = recordOf(recordOf(item).function)
    const call = choice.tool()
    call.name = stringOf(called.name) ?? ''
    call.arguments = argumentsText(called.arguments)
  }
}
