import { type Answer, textOf } from '../answer.ts'
import { chunkFrame, type Dialect, type Frame, frame } from './dialect.ts'
import { openaiError } from './openai-chat.ts'

/** OpenAI's `/v1/responses`; its stream is numbered events, the last with the whole response and its usage. */
export const openaiResponses: Dialect = {
  streamType: 'text/event-stream',
  whole: (answer) => response(answer, true),
  *frames(answer) {
    let number = 0
    const event = (type: string, fields: object): Frame =>
      frame({ type, sequence_number: number++, ...fields }, type)
    const delta = (type: string, fields: object, tokens: number): Frame =>
      chunkFrame({ type, sequence_number: number++, ...fields }, tokens, type)
    const place = { item_id: itemId(answer), output_index: 0 }
    const partPlace = { ...place, content_index: 0 }
    yield event('response.created', { response: response(answer, false) })
    yield event('response.in_progress', { response: response(answer, false) })
    yield event('response.output_item.added', { output_index: 0, item: item(answer, false) })
    if (answer.kind === 'tool_call') {
      for (const { text, tokens } of answer.pieces) {
        yield delta('response.function_call_arguments.delta', { ...place, delta: text }, tokens)
      }
      yield event('response.function_call_arguments.done', { ...place, arguments: textOf(answer) })
    } else {
      const [name, field] = answer.kind === 'refusal' ? ['refusal', 'refusal'] : ['output_text', 'text']
      yield event('response.content_part.added', { ...partPlace, part: part(answer, '') })
      for (const { text, tokens } of answer.pieces) {
        yield delta(`response.${name}.delta`, { ...partPlace, delta: text, logprobs: [] }, tokens)
      }
      yield event(`response.${name}.done`, { ...partPlace, [field]: textOf(answer), logprobs: [] })
      yield event('response.content_part.done', { ...partPlace, part: part(answer, textOf(answer)) })
    }
    yield event('response.output_item.done', { output_index: 0, item: item(answer, true) })
    if (answer.behaviour.no_end) return
    yield event(`response.${status(answer)}`, { response: response(answer, true) })
  },
  error: openaiError,
  errorFrame: ({ message, code }) =>
    frame({ type: 'error', sequence_number: 0, code, message, param: null }, 'error'),
}

/** `completed`, or `incomplete` when the answer was cut to `max_output_tokens`. */
function status(answer: Answer): 'completed' | 'incomplete' {
  return answer.finishReason === 'length' ? 'incomplete' : 'completed'
}

function response(answer: Answer, done: boolean): object {
  const withUsage = done && answer.behaviour.usage !== 'none'
  return {
    id: `resp_${answer.id}`,
    object: 'response',
    created_at: answer.created,
    status: done ? status(answer) : 'in_progress',
    error: null,
    incomplete_details: done && status(answer) === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model: answer.model,
    output: done ? [item(answer, true)] : [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: withUsage ? usage(answer) : null,
  }
}

function usage({ usage: { prompt, completion, cached, reasoning } }: Answer): object {
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: completion,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: prompt + completion,
  }
}

function itemId(answer: Answer): string {
  return `${answer.kind === 'tool_call' ? 'fc' : 'msg'}_${answer.id}`
}

function item(answer: Answer, done: boolean): object {
  const common = { id: itemId(answer), status: done ? status(answer) : 'in_progress' }
  const text = done ? textOf(answer) : ''
  if (answer.kind === 'tool_call') {
    return {
      ...common,
      type: 'function_call',
      call_id: `call_${answer.id}`,
      name: answer.toolName,
      arguments: text,
    }
  }
  return { ...common, type: 'message', role: 'assistant', content: done ? [part(answer, text)] : [] }
}

function part(answer: Answer, text: string): object {
  if (answer.kind === 'refusal') return { type: 'refusal', refusal: text }
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}
