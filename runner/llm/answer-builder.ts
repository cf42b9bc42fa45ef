import { numberOf, stringOf } from './json.ts'
import type { Answer, AnswerChoice, AnswerError, LlmApi, TokenUsage, ToolCall } from './types.ts'

/** A choice in the making. Text grows by appending, which V8 keeps as a rope: linear in the end. */
export class ChoiceDraft {
  role = 'assistant'
  content = ''
  reasoning = ''
  refusal: string | undefined
  finishReason: string | undefined
  hasExtras = false
  readonly toolCalls: ToolCallDraft[] = []

  tool(): ToolCallDraft {
    const call: ToolCallDraft = { key: undefined, id: undefined, name: '', arguments: '' }
    this.toolCalls.push(call)
    return call
  }

  build(index: number): AnswerChoice {
    const { role, content, reasoning, refusal, finishReason, toolCalls, hasExtras } = this
    return {
      index,
      role,
      content,
      ...(refusal !== undefined && { refusal }),
      ...(reasoning !== '' && { reasoning }),
      ...(toolCalls.length > 0 && { toolCalls: toolCalls.map(builtCall) }),
      ...(finishReason !== undefined && { finishReason }),
      ...(hasExtras && { extras: true }),
    }
  }
}

export interface ToolCallDraft {
  /** What the stream calls it: an index or an item id. */
  key: number | string | undefined
  id: string | undefined
  name: string
  arguments: string
}

function builtCall({ id, name, arguments: args }: ToolCallDraft): ToolCall {
  return { ...(id !== undefined && { id }), name, arguments: args }
}

/**
 * Collects what the events or the document of one body say. The readers of the formats write into it; without
 * `keepText` they leave out what costs (text, tool calls) and the rest comes out the same.
 */
export class AnswerBuilder {
  readonly keepText: boolean
  readonly stream: boolean
  api: LlmApi = 'unknown'
  id: string | undefined
  model: string | undefined
  created: number | undefined
  usage: TokenUsage | undefined
  error: AnswerError | undefined
  /** The format's terminal event was seen. */
  ended = false
  brokenEvents = 0
  readonly #choices = new Map<number, ChoiceDraft>()

  constructor(stream: boolean, keepText: boolean) {
    this.stream = stream
    this.keepText = keepText
  }

  choice(index: unknown): ChoiceDraft {
    const key = numberOf(index) ?? 0
    let draft = this.#choices.get(key)
    if (draft === undefined) {
      draft = new ChoiceDraft()
      this.#choices.set(key, draft)
    }
    return draft
  }

  get hasChoices(): boolean {
    return this.#choices.size > 0
  }

  get allFinished(): boolean {
    return (
      this.hasChoices &&
      Array.from(this.#choices.values()).every((choice) => choice.finishReason !== undefined)
    )
  }

  /** The first non-empty value stands: Azure's first chunk has empty ones. `created`: Unix seconds or ISO 8601. */
  identify(id: unknown, model: unknown, created: unknown): void {
    this.id ||= stringOf(id)
    this.model ||= stringOf(model)
    this.created ||= seconds(created)
  }

  /** Of several usage objects the last stands. */
  count(usage: TokenUsage | undefined): void {
    if (usage !== undefined) this.usage = usage
  }

  build(): Answer {
    const { api, stream, id, model, created, usage, error, brokenEvents } = this
    const finishReason = this.#choices.get(0)?.finishReason
    const choices = Array.from(this.#choices)
      .sort(([a], [b]) => a - b)
      .map(([index, draft]) => draft.build(index))
    return {
      api,
      stream,
      ...(model && { model }),
      ...(usage !== undefined && { usage }),
      complete: this.ended,
      ...(finishReason !== undefined && { finishReason }),
      choices,
      ...(error !== undefined && { error }),
      ...(id && { id }),
      ...(created && { created }),
      brokenEvents,
    }
  }
}

function seconds(value: unknown): number | undefined {
  if (typeof value !== 'string') return numberOf(value)
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
