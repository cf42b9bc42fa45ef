import type { AnswerBuilder, ChoiceDraft } from './answer-builder.ts'
import { argumentsText } from './answer-text.ts'
import type { JsonRecord } from './json.ts'
import { arrayOf, isRecord, numberOf, recordOf, stringOf } from './json.ts'
import { geminiUsage } from './token-usage.ts'

/** Reads a GenerateContentResponse, whole or one of a stream: https://ai.google.dev/api/generate-content */
export function readGemini(builder: AnswerBuilder, json: JsonRecord): void {
  builder.identify(json.responseId, json.modelVersion, json.createTime)
  builder.count(geminiUsage(json.usageMetadata))
  const candidates = arrayOf(json.candidates)
  for (const [position, item] of candidates.entries()) {
    if (isRecord(item)) readCandidate(builder, item, position)
  }
  const blocked = stringOf(recordOf(json.promptFeedback).blockReason)
  if (blocked !== undefined && candidates.length === 0) builder.choice(0).finishReason = blocked
}

function readCandidate(builder: AnswerBuilder, item: JsonRecord, position: number): void {
  const choice = builder.choice(numberOf(item.index) ?? position)
  choice.finishReason = stringOf(item.finishReason) ?? choice.finishReason
  if (!builder.keepText) return
  for (const part of arrayOf(recordOf(item.content).parts)) readPart(choice, recordOf(part))
}

function readPart(choice: ChoiceDraft, part: JsonRecord): void {
  const text = stringOf(part.text) ?? ''
  if (part.thought === true) choice.reasoning += text
  else choice.content += text
  if (!isRecord(part.functionCall)) return
  const call = choice.tool()
  call.id = stringOf(part.functionCall.id)
  call.name = stringOf(part.functionCall.name) ?? ''
  call.arguments = argumentsText(part.functionCall.args ?? {})
}
