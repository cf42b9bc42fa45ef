import { finishReason } from './finish-reason.ts'
import { chatUsage } from './render-usage.ts'
import { splitText } from './split-text.ts'
import type { AnswerChoice, JsonObject, RenderOptions, StoredAnswer } from './types.ts'

export function renderChat(stored: StoredAnswer, options: RenderOptions): string {
  if (!options.stream) return whole('chat.completion', stored, options, messageChoice)
  const deltas = stored.choices.flatMap((choice) => Array.from(chatDeltas(choice)))
  return stream('chat.completion.chunk', stored, options, deltas)
}

export function renderCompletion(stored: StoredAnswer, options: RenderOptions): string {
  if (!options.stream)
    return whole('text_completion', stored, options, (choice) => textChoice(choice, reasonOf(choice)))
  const texts = stored.choices.flatMap((choice) => Array.from(completionTexts(choice)))
  return stream('text_completion', stored, options, texts)
}

function whole(
  object: string,
  stored: StoredAnswer,
  options: RenderOptions,
  render: (choice: AnswerChoice) => JsonObject,
): string {
  return JSON.stringify({
    ...options.extra,
    ...envelope(object, stored, options),
    choices: stored.choices.map(render),
    ...(stored.usage && { usage: chatUsage(stored.usage) }),
  })
}

function stream(
  object: string,
  stored: StoredAnswer,
  options: RenderOptions,
  choices: readonly JsonObject[],
): string {
  const head = { ...options.extra, ...envelope(object, stored, options) }
  const asked = options.includeUsage === true
  const out = choices.map((choice) => data({ ...head, choices: [choice], ...(asked && { usage: null }) }))
  if (asked && stored.usage) out.push(data({ ...head, choices: [], usage: chatUsage(stored.usage) }))
  out.push('data: [DONE]\n\n')
  return out.join('')
}

function data(json: JsonObject): string {
  return `data: ${JSON.stringify(json)}\n\n`
}

function envelope(object: string, stored: StoredAnswer, { id, created }: RenderOptions): JsonObject {
  return { id, object, created, model: stored.model ?? '' }
}

function messageChoice(choice: AnswerChoice): JsonObject {
  const { index, content, refusal, reasoning } = choice
  const calls = toolCalls(choice)
  const silent = content === '' && (calls.length > 0 || refusal !== undefined)
  return {
    index,
    message: {
      role: 'assistant',
      content: silent ? null : content,
      refusal: refusal ?? null,
      ...(reasoning !== undefined && { reasoning_content: reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    logprobs: null,
    finish_reason: reasonOf(choice),
  }
}

function* chatDeltas(choice: AnswerChoice): Generator<JsonObject> {
  const piece = (delta: JsonObject, reason: string | null = null): JsonObject => ({
    index: choice.index,
    delta,
    logprobs: null,
    finish_reason: reason,
  })
  yield piece({ role: 'assistant', content: '' })
  for (const text of splitText(choice.reasoning ?? '')) yield piece({ reasoning_content: text })
  for (const text of splitText(choice.content)) yield piece({ content: text })
  for (const text of splitText(choice.refusal ?? '')) yield piece({ refusal: text })
  for (const [index, call] of toolCalls(choice).entries()) yield piece({ tool_calls: [{ index, ...call }] })
  yield piece({}, reasonOf(choice))
}

function toolCalls(choice: AnswerChoice): JsonObject[] {
  return (choice.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${choice.index}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }))
}

function textChoice({ index, content }: AnswerChoice, reason: string | null): JsonObject {
  return { index, text: content, logprobs: null, finish_reason: reason }
}

function* completionTexts(choice: AnswerChoice): Generator<JsonObject> {
  for (const content of splitText(choice.content)) yield textChoice({ ...choice, content }, null)
  yield textChoice({ ...choice, content: '' }, reasonOf(choice))
}

function reasonOf({ finishReason: word, toolCalls: calls }: AnswerChoice): string {
  return finishReason(word, calls !== undefined && calls.length > 0)
}
