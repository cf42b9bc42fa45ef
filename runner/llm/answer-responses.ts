import type { AnswerBuilder, ChoiceDraft, ToolCallDraft } from './answer-builder.ts'
import { errorOf } from './answer-error.ts'
import { argumentsText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, recordOf, stringOf } from './json.ts'
import { openAiUsage } from './token-usage.ts'

/** Reads a response object of the Responses API, or one event of its stream. It has one choice. */
export function readResponses(builder: AnswerBuilder, json: JsonRecord, type: string): void {
  if (json.object === 'response') readResponse(builder, json)
  else if (isRecord(json.response)) readResponse(builder, json.response)
  else if (type === 'error') builder.error = errorOf(json.error ?? json)
  else if (builder.keepText) readDelta(builder.choice(0), json, type)
}

const unfinished = new Set(['in_progress', 'queued'])

function readResponse(builder: AnswerBuilder, response: JsonRecord): void {
  builder.identify(response.id, response.model, response.created_at)
  builder.count(openAiUsage(response.usage))
  if (isRecord(response.error)) builder.error = errorOf(response.error)
  const choice = builder.choice(0)
  const status = stringOf(response.status) ?? 'completed'
  if (unfinished.has(status)) return
  builder.ended = true
  choice.finishReason = stringOf(recordOf(response.incomplete_details).reason) ?? status
  const output = arrayOf(response.output)
  if (builder.keepText && output.length > 0) readOutput(choice, output)
}

/** The finished response repeats everything that the deltas said, so it takes their place. */
function readOutput(choice: ChoiceDraft, output: readonly unknown[]): void {
  choice.content = ''
  choice.reasoning = ''
  choice.refusal = undefined
  choice.hasExtras = false
  choice.toolCalls.length = 0
  for (const item of output) {
    if (!isRecord(item)) continue
    if (item.type === 'message') readContent(choice, item.content)
    else if (item.type === 'reasoning') readReasoning(choice, item)
    else if (isCall(item)) fillCall(choice.tool(), item)
    else choice.hasExtras = true
  }
}

/** `encrypted_content` is there for clients that send it back. */
function readReasoning(choice: ChoiceDraft, item: JsonRecord): void {
  choice.reasoning += textsOf(item.summary) + textsOf(item.content)
  if (stringOf(item.encrypted_content)) choice.hasExtras = true
}

function readContent(choice: ChoiceDraft, content: unknown): void {
  for (const part of arrayOf(content)) {
    const { text, refusal, annotations } = recordOf(part)
    if ((text === undefined && refusal === undefined) || arrayOf(annotations).length > 0)
      choice.hasExtras = true
    choice.content += stringOf(text) ?? ''
    if (typeof refusal === 'string') choice.refusal = (choice.refusal ?? '') + refusal
  }
}

function readDelta(choice: ChoiceDraft, json: JsonRecord, type: string): void {
  const delta = stringOf(json.delta) ?? ''
  switch (type) {
    case 'response.output_text.delta':
      choice.content += delta
      return
    case 'response.refusal.delta':
      choice.refusal = (choice.refusal ?? '') + delta
      return
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      choice.reasoning += delta
      return
    case 'response.output_item.added':
    case 'response.output_item.done':
      if (isRecord(json.item) && isCall(json.item)) fillCall(callOf(choice, json.item.id), json.item)
      return
    case 'response.function_call_arguments.delta':
    case 'response.custom_tool_call_input.delta':
      callOf(choice, json.item_id).arguments += delta
      return
  }
}

function callOf(choice: ChoiceDraft, itemId: unknown): ToolCallDraft {
  const key = stringOf(itemId) ?? ''
  const call = choice.toolCalls.find((candidate) => candidate.key === key) ?? choice.tool()
  call.key = key
  return call
}

function isCall(item: JsonRecord): boolean {
  return item.type === 'function_call' || item.type === 'custom_tool_call'
}

function fillCall(call: ToolCallDraft, item: JsonRecord): void {
  call.id = stringOf(item.call_id) ?? call.id
  call.name = stringOf(item.name) ?? call.name
  call.arguments = argumentsText(item.arguments ?? item.input) || call.arguments
}

function textsOf(parts: unknown): string {
  return arrayOf(parts)
    .map((part) => stringOf(recordOf(part).text) ?? '')
    .join('')
}
