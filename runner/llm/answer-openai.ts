import type { AnswerBuilder, ChoiceDraft, ToolCallDraft } from './answer-builder.ts'
import { argumentsText, partedText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, numberOf, recordOf, stringOf } from './json.ts'
import { openAiUsage } from './token-usage.ts'

/** Reads a chat completion or legacy completion, or one chunk of either: choices carry a message, a delta or a text. */
export function readOpenAi(builder: AnswerBuilder, json: JsonRecord): void {
  builder.identify(json.id, json.model, json.created)
  const choices = arrayOf(json.choices)
  // Groq states it under x_groq, Moonshot inside the choice
  builder.count(
    openAiUsage(json.usage) ??
      openAiUsage(recordOf(json.x_groq).usage) ??
      openAiUsage(recordOf(choices[0]).usage),
  )
  for (const [position, item] of choices.entries()) {
    if (isRecord(item)) readChoice(builder, item, position)
  }
  // Perplexity's sources stand beside the choices.
  if (builder.keepText && hasAny(json, ['citations', 'search_results'])) builder.choice(0).hasExtras = true
}

function readChoice(builder: AnswerBuilder, item: JsonRecord, position: number): void {
  const choice = builder.choice(numberOf(item.index) ?? position)
  choice.finishReason = stringOf(item.finish_reason) ?? choice.finishReason
  if (!builder.keepText) return
  if (isRecord(item.message) && Object.keys(item.message).length > 0) readMessage(choice, item.message)
  else if (isRecord(item.delta)) readMessage(choice, item.delta)
  else choice.content += stringOf(item.text) ?? ''
}

/** A whole message adds to an empty choice what a delta adds to a growing one. */
function readMessage(choice: ChoiceDraft, message: JsonRecord): void {
  choice.role = stringOf(message.role) || choice.role
  const { text, reasoning, others } = partedText(message.content)
  if (others || hasAny(message, BESIDE_TEXT)) choice.hasExtras = true
  choice.content += text || (stringOf(recordOf(message.audio).transcript) ?? '')
  choice.reasoning += reasoning || (stringOf(message.reasoning_content) ?? stringOf(message.reasoning) ?? '')
  const refusal = stringOf(message.refusal)
  if (refusal) choice.refusal = (choice.refusal ?? '') + refusal
  for (const [position, call] of arrayOf(message.tool_calls).entries()) {
    if (isRecord(call)) readToolCall(choice, call, position)
  }
  if (isRecord(message.function_call)) readToolCall(choice, { function: message.function_call }, 0)
}

/** Citations, sound (OpenAI), images (OpenRouter), Azure's findings. */
const BESIDE_TEXT = ['annotations', 'audio', 'images', 'context']

function hasAny(record: JsonRecord, keys: readonly string[]): boolean {
  return keys.some((key) => isRecord(record[key]) || arrayOf(record[key]).length > 0)
}

function readToolCall(choice: ChoiceDraft, item: JsonRecord, position: number): void {
  const called = recordOf(item.function ?? item.custom)
  const id = stringOf(item.id) || undefined
  const name = stringOf(called.name) ?? ''
  const key = numberOf(item.index) ?? position
  const call = openCall(choice, key, id, name) ?? choice.tool()
  call.key = key
  call.id ??= id
  call.name ||= name
  call.arguments += argumentsText(called.arguments ?? called.input)
}

/** The call that a delta continues. A second id and name under the same index is a new call (Gemini counts from 0). */
function openCall(
  choice: ChoiceDraft,
  key: number,
  id: string | undefined,
  name: string,
): ToolCallDraft | undefined {
  const call = choice.toolCalls.findLast((candidate) => candidate.key === key)
  const another = id !== undefined && name !== '' && call?.id !== undefined && call.id !== id
  return another ? undefined : call
}
