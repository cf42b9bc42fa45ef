import { finishReason } from './finish-reason.ts'
import { responsesUsage } from './render-usage.ts'
import { splitText } from './split-text.ts'
import type { AnswerChoice, JsonObject, RenderOptions, StoredAnswer } from './types.ts'

/** A response object, or its events: https://platform.openai.com/docs/api-reference/responses-streaming */
export function renderResponse(stored: StoredAnswer, options: RenderOptions): string {
  const choice = stored.choices[0] ?? { index: 0, role: 'assistant', content: '' }
  const items = itemsOf(choice, options.id)
  const cause = incompleteCause(choice)
  const base: JsonObject = {
    ...options.extra,
    id: options.id,
    object: 'response',
    created_at: options.created,
    error: null,
    model: stored.model ?? '',
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    metadata: {},
  }
  const whole: JsonObject = {
    ...base,
    status: cause === undefined ? 'completed' : 'incomplete',
    incomplete_details: cause === undefined ? null : { reason: cause },
    output: items,
    usage: stored.usage ? responsesUsage(stored.usage) : null,
  }
  if (!options.stream) return JSON.stringify(whole)

  const begun = { ...base, status: 'in_progress', incomplete_details: null, output: [], usage: null }
  const events: JsonObject[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...items.flatMap((item, index) => Array.from(itemEvents(item, index))),
    { type: `response.${cause === undefined ? 'completed' : 'incomplete'}`, response: whole },
  ]
  return events.map((event, number) => sse({ ...event, sequence_number: number })).join('')
}

function sse(event: JsonObject): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

function incompleteCause({ finishReason: word }: AnswerChoice): string | undefined {
  const reason = finishReason(word, false)
  if (reason === 'length') return 'max_output_tokens'
  return reason === 'content_filter' ? 'content_filter' : undefined
}

type Part = { type: 'output_text'; text: string; annotations: [] } | { type: 'refusal'; refusal: string }
type MessageItem = { type: 'message'; id: string; status: string; role: 'assistant'; content: Part[] }
type CallItem = {
  type: 'function_call'
  id: string
  status: string
  call_id: string
  name: string
  arguments: string
}

function itemsOf(choice: AnswerChoice, id: string): (MessageItem | CallItem)[] {
  const { content, refusal, toolCalls = [] } = choice
  const parts: Part[] = []
  if (content !== '') parts.push({ type: 'output_text', text: content, annotations: [] })
  if (refusal !== undefined) parts.push({ type: 'refusal', refusal })
  const calls = toolCalls.map(
    (call, index): CallItem => ({
      type: 'function_call',
      id: `fc_${id}_${index}`,
      status: 'completed',
      call_id: call.id ?? `call_${index}`,
      name: call.name,
      arguments: call.arguments,
    }),
  )
  if (parts.length === 0) return calls
  return [
    { type: 'message', id: `msg_${id}`, status: 'completed', role: 'assistant', content: parts },
    ...calls,
  ]
}

function* itemEvents(item: MessageItem | CallItem, index: number): Generator<JsonObject> {
  const begun =
    item.type === 'message'
      ? { ...item, status: 'in_progress', content: [] }
      : { ...item, status: 'in_progress', arguments: '' }
  yield { type: 'response.output_item.added', output_index: index, item: begun }
  if (item.type === 'message') {
    for (const [place, part] of item.content.entries()) {
      yield* partEvents(part, { item_id: item.id, output_index: index, content_index: place })
    }
  } else {
    const at = { item_id: item.id, output_index: index }
    for (const delta of splitText(item.arguments)) {
      yield { type: 'response.function_call_arguments.delta', ...at, delta }
    }
    yield { type: 'response.function_call_arguments.done', ...at, name: item.name, arguments: item.arguments }
  }
  yield { type: 'response.output_item.done', output_index: index, item }
}

function* partEvents(part: Part, at: JsonObject): Generator<JsonObject> {
  const isText = part.type === 'output_text'
  const empty: Part = isText ? { ...part, text: '' } : { ...part, refusal: '' }
  yield { type: 'response.content_part.added', ...at, part: empty }
  if (isText) {
    for (const delta of splitText(part.text)) {
      yield { type: 'response.output_text.delta', ...at, delta, logprobs: [] }
    }
    yield { type: 'response.output_text.done', ...at, text: part.text, logprobs: [] }
  } else {
    for (const delta of splitText(part.refusal)) yield { type: 'response.refusal.delta', ...at, delta }
    yield { type: 'response.refusal.done', ...at, refusal: part.refusal }
  }
  yield { type: 'response.content_part.done', ...at, part }
}
