import { anthropicReader } from './answer-anthropic.ts'
import type { AnswerBuilder } from './answer-builder.ts'
import { dashscopeReader } from './answer-dashscope.ts'
import { failureOf, statedError } from './answer-error.ts'
import { readGemini } from './answer-gemini.ts'
import { readOllama } from './answer-ollama.ts'
import { readOpenAi } from './answer-openai.ts'
import { readResponses } from './answer-responses.ts'
import { detectApi } from './detect-api.ts'
import type { JsonRecord } from './json.ts'
import { stringOf } from './json.ts'
import { embeddingUsage } from './token-usage.ts'
import type { AnswerHint, LlmApi } from './types.ts'

type Read = (json: JsonRecord, type: string) => void

/** Reads the documents or events of one body into a builder, once the first of them has told whose format it is. */
export class AnswerReader {
  readonly #builder: AnswerBuilder
  readonly #hint: AnswerHint
  #read: Read | undefined

  constructor(builder: AnswerBuilder, hint: AnswerHint) {
    this.#builder = builder
    this.#hint = hint
  }

  /** `event`: the name that SSE gives it; the name inside the JSON goes before. */
  read(json: JsonRecord, event: string): void {
    const builder = this.#builder
    const type = stringOf(json.type) ?? event
    const stated = statedError(json)
    if (stated !== undefined) builder.error = stated
    if (builder.api === 'unknown') {
      builder.api = detectApi(json, type)
      this.#read = readerOf(builder)
    }
    if (this.#read !== undefined) this.#read(json, type)
    else if (stated === undefined) this.#readUnknown(json, type)
  }

  /** After the last event. `whole`: nothing can follow, because the body is one complete document. */
  finish(whole: boolean): void {
    const builder = this.#builder
    const selfDeclared = builder.api === 'ollama' || builder.api === 'openai-responses'
    if (whole && !selfDeclared) builder.ended = true
    // not every provider sends [DONE]
    if (endsWithReasons.has(builder.api) && builder.allFinished) builder.ended = true
    if (builder.api === 'unknown' && this.#hint.api !== undefined) builder.api = this.#hint.api
  }

  #readUnknown(json: JsonRecord, type: string): void {
    const { status } = this.#hint
    if (type === 'error' || (status !== undefined && status >= 400)) {
      this.#builder.error = failureOf(status, json)
    }
  }
}

const endsWithReasons: ReadonlySet<LlmApi> = new Set([
  'openai-chat',
  'openai-completions',
  'gemini',
  'dashscope',
])

function readerOf(builder: AnswerBuilder): Read | undefined {
  switch (builder.api) {
    case 'openai-chat':
    case 'openai-completions':
      return (json) => readOpenAi(builder, json)
    case 'openai-responses':
      return (json, type) => readResponses(builder, json, type)
    case 'openai-embeddings':
      return (json) => {
        builder.identify(json.id, json.model, json.created)
        builder.count(embeddingUsage(json.usage))
      }
    case 'anthropic':
      return anthropicReader(builder)
    case 'ollama':
      return (json) => readOllama(builder, json)
    case 'dashscope':
      return dashscopeReader(builder)
    case 'gemini':
      return (json) => readGemini(builder, json)
    case 'unknown':
      return undefined
  }
}
