import { type Answer, textOf } from '../answer.ts'
import { parseOrEmpty } from '../json.ts'
import { type ApiError, chunkFrame, type Dialect, type Frame, frame } from './dialect.ts'

/** Anthropic's `/v1/messages`. Input tokens leave out those read from the cache, as Anthropic counts. */
export const anthropic: Dialect = {
  streamType: 'text/event-stream',
  whole: (answer) => ({
    ...message(answer, [contentBlock(answer, textOf(answer))], stopReason(answer)),
    ...(answer.behaviour.usage === 'none' ? {} : { usage: usage(answer, answer.usage.completion) }),
  }),
  *frames(answer) {
    const mode = answer.behaviour.usage
    const start = message(answer, [], null)
    const startUsage = mode === 'none' ? {} : { usage: usage(answer, 1) }
    yield event('message_start', { message: { ...start, ...startUsage } })
    yield event('content_block_start', { index: 0, content_block: contentBlock(answer, '') })
    yield event('ping', {})
    let sent = 0
    for (const { text, tokens } of answer.pieces) {
      sent += tokens
      const fields = { type: 'content_block_delta', index: 0, delta: delta(answer, text) }
      const soFar = mode === 'every' ? { usage: { output_tokens: sent } } : {}
      yield chunkFrame({ ...fields, ...soFar }, tokens, 'content_block_delta')
    }
    yield event('content_block_stop', { index: 0 })
    const final = mode === 'none' ? {} : { usage: { output_tokens: answer.usage.completion } }
    yield event('message_delta', {
      delta: { stop_reason: stopReason(answer), stop_sequence: null },
      ...final,
    })
    if (!answer.behaviour.no_end) yield event('message_stop', {})
  },
  error: anthropicError,
  errorFrame: (error) => frame(anthropicError(error), 'error'),
  ping: event('ping', {}),
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
}

function anthropicError({ status, message }: ApiError): object {
  return { type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } }
}

function event(type: string, fields: object): Frame {
  return frame({ type, ...fields }, type)
}

function message(answer: Answer, content: object[], reason: string | null): object {
  return {
    id: `msg_${answer.id}`,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content,
    stop_reason: reason,
    stop_sequence: null,
  }
}

function usage({ usage: { prompt, cached } }: Answer, output: number): object {
  return {
    input_tokens: prompt - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: output,
  }
}

function contentBlock(answer: Answer, text: string): object {
  if (answer.kind !== 'tool_call') return { type: 'text', text }
  return { type: 'tool_use', id: `toolu_${answer.id}`, name: answer.toolName, input: parseOrEmpty(text) }
}

function delta(answer: Answer, text: string): object {
  return answer.kind === 'tool_call'
    ? { type: 'input_json_delta', partial_json: text }
    : { type: 'text_delta', text }
}

function stopReason({ kind, finishReason }: Answer): string {
  if (kind === 'refusal') return 'refusal'
  const reasons: Record<string, string> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }
  return reasons[finishReason] ?? finishReason
}
