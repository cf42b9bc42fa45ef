import { stopReason } from './finish-reason.ts'
import { isRecord, parseJson } from './json.ts'
import { anthropicWireUsage } from './render-usage.ts'
import { splitText } from './split-text.ts'
import type { AnswerChoice, JsonObject, RenderOptions, StoredAnswer, ToolCall } from './types.ts'

/** Anthropic's message, or its event sequence: https://docs.anthropic.com/en/docs/build-with-claude/streaming */
export function renderMessage(stored: StoredAnswer, options: RenderOptions): string {
  const choice = stored.choices[0] ?? { index: 0, role: 'assistant', content: '' }
  const blocks = blocksOf(choice)
  const ending = { stop_reason: stopReason(choice.finishReason, hasCalls(choice)), stop_sequence: null }
  const usage = anthropicWireUsage(stored.usage ?? {})
  const message = {
    ...options.extra,
    id: options.id,
    type: 'message',
    role: 'assistant',
    model: stored.model ?? '',
  }
  if (!options.stream)
    return JSON.stringify({ ...message, content: blocks.map(wholeBlock), ...ending, usage })

  const start = {
    ...message,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 0 },
  }
  return [
    event('message_start', { message: start }),
    ...blocks.flatMap((block, index) => Array.from(blockEvents(block, index))),
    event('message_delta', { delta: ending, usage: { output_tokens: usage.output_tokens } }),
    event('message_stop', {}),
  ].join('')
}

type Block = { kind: 'text'; text: string } | { kind: 'tool'; call: ToolCall; id: string }

function blocksOf(choice: AnswerChoice): Block[] {
  const text = choice.content || choice.refusal
  const calls = (choice.toolCalls ?? []).map(
    (call, index): Block => ({ kind: 'tool', call, id: call.id ?? `toolu_${index}` }),
  )
  return text ? [{ kind: 'text', text }, ...calls] : calls
}

function hasCalls({ toolCalls = [] }: AnswerChoice): boolean {
  return toolCalls.length > 0
}

function wholeBlock(block: Block): object {
  if (block.kind === 'text') return { type: 'text', text: block.text }
  const input = parseJson(block.call.arguments)
  return { type: 'tool_use', id: block.id, name: block.call.name, input: isRecord(input) ? input : {} }
}

function* blockEvents(block: Block, index: number): Generator<string> {
  if (block.kind === 'text') {
    yield event('content_block_start', { index, content_block: { type: 'text', text: '' } })
    for (const text of splitText(block.text)) {
      yield event('content_block_delta', { index, delta: { type: 'text_delta', text } })
    }
  } else {
    const { name, arguments: input } = block.call
    yield event('content_block_start', {
      index,
      content_block: { type: 'tool_use', id: block.id, name, input: {} },
    })
    for (const json of splitText(input)) {
      yield event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: json } })
    }
  }
  yield event('content_block_stop', { index })
}

function event(type: string, json: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...json })}\n\n`
}
