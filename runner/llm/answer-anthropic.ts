import type { AnswerBuilder, ChoiceDraft } from './answer-builder.ts'
import { errorOf } from './answer-error.ts'
import { argumentsText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'
import { anthropicUsage } from './token-usage.ts'

/**
 * Reads an Anthropic message, or the events of one stream. Counts in a stream are cumulative and come in two
 * places, so a reader keeps them between events: message_start states the input (its output_tokens is only a
 * beginning), message_delta the final output and, from newer models, the input again.
 */
export function anthropicReader(builder: AnswerBuilder): (json: JsonRecord, type: string) => void {
  let counts: JsonRecord = {}
  const count = (usage: unknown, final: boolean) => {
    const said = Object.entries(recordOf(usage)).filter(
      ([key, value]) => value !== null && (final || !key.startsWith('output_tokens')),
    )
    counts = { ...counts, ...Object.fromEntries(said) }
    builder.count(anthropicUsage(counts))
  }

  return (json, type) => {
    switch (type) {
      case 'message':
        readMessage(builder, json)
        count(json.usage, true)
        builder.ended = true
        return
      case 'message_start': {
        const message = recordOf(json.message)
        readMessage(builder, message)
        count(message.usage, false)
        return
      }
      case 'content_block_start':
        if (builder.keepText) readBlock(builder.choice(0), recordOf(json.content_block), json.index)
        return
      case 'content_block_delta':
        if (builder.keepText) readDelta(builder.choice(0), recordOf(json.delta), json.index)
        return
      case 'message_delta': {
        const choice = builder.choice(0)
        choice.finishReason = stringOf(recordOf(json.delta).stop_reason) ?? choice.finishReason
        count(json.usage, true)
        return
      }
      case 'message_stop':
        builder.ended = true
        return
      case 'error':
        builder.error = errorOf(json.error)
        return
    }
  }
}

function readMessage(builder: AnswerBuilder, message: JsonRecord): void {
  builder.identify(message.id, message.model, undefined)
  const choice = builder.choice(0)
  choice.finishReason = stringOf(message.stop_reason) ?? choice.finishReason
  if (!builder.keepText) return
  for (const [index, block] of arrayOf(message.content).entries()) {
    if (isRecord(block)) readBlock(choice, block, index)
  }
}

const TOLD_AGAIN: ReadonlySet<unknown> = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use'])

/** In a stream tool input starts as `{}` and comes as JSON text afterwards; in a message it is whole. */
function readBlock(choice: ChoiceDraft, block: JsonRecord, index: unknown): void {
  choice.content += stringOf(block.text) ?? ''
  choice.reasoning += stringOf(block.thinking) ?? ''
  if (!TOLD_AGAIN.has(block.type) || arrayOf(block.citations).length > 0) choice.hasExtras = true
  if (block.type !== 'tool_use') return
  const call = choice.tool()
  call.key = Number(index)
  call.id = stringOf(block.id)
  call.name = stringOf(block.name) ?? ''
  call.arguments = argumentsText(block.input)
}

function readDelta(choice: ChoiceDraft, delta: JsonRecord, index: unknown): void {
  choice.content += stringOf(delta.text) ?? ''
  choice.reasoning += stringOf(delta.thinking) ?? ''
  if (delta.type === 'citations_delta') choice.hasExtras = true
  const json = stringOf(delta.partial_json)
  if (!json) return
  const call = choice.toolCalls.findLast((candidate) => candidate.key === Number(index))
  if (call !== undefined) call.arguments = call.arguments === '{}' ? json : call.arguments + json
}
