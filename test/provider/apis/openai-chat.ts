import { type Answer, textOf, type Usage } from '../answer.ts'
import { type ApiError, chunkFrame, type Dialect, frame } from './dialect.ts'

/** OpenAI chat completions, also as DashScope, Azure, Qianfan, Zhipu, Gemini and others serve them. */
export const openaiChat: Dialect = {
  streamType: 'text/event-stream',
  whole(answer) {
    const choice = {
      index: 0,
      message: messageOf(answer),
      logprobs: null,
      finish_reason: answer.finishReason,
    }
    return {
      ...head(answer, 'chat.completion'),
      choices: [choice],
      ...(answer.behaviour.usage === 'none' ? {} : { usage: openaiUsage(answer.usage) }),
    }
  },
  *frames(answer, includeUsage) {
    const mode = answer.behaviour.usage ?? 'asked'
    const final = mode === 'always' || mode === 'every' || (mode === 'asked' && includeUsage)
    let sent = 0
    const chunk = (delta: object, finishReason: string | null) => ({
      ...head(answer, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(mode === 'every' ? { usage: usageSoFar(answer.usage, sent) } : final ? { usage: null } : {}),
    })
    yield frame(chunk(openingDelta(answer), null))
    for (const piece of answer.pieces) {
      sent += piece.tokens
      yield chunkFrame(chunk(delta(answer, piece.text), null), piece.tokens)
    }
    yield frame(chunk({}, answer.finishReason))
    if (final)
      yield frame({ ...head(answer, 'chat.completion.chunk'), choices: [], usage: openaiUsage(answer.usage) })
    if (!answer.behaviour.no_end) yield frame('[DONE]')
  },
  error: openaiError,
  errorFrame: (error) => frame(openaiError(error)),
}

export function openaiUsage(usage: Usage): object {
  return {
    prompt_tokens: usage.prompt,
    completion_tokens: usage.completion,
    total_tokens: usage.prompt + usage.completion,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0 },
  }
}

/** Usage on a chunk that is not the last: the prompt and the tokens sent until now. */
export function usageSoFar(usage: Usage, sent: number): object {
  return openaiUsage({ ...usage, completion: sent, reasoning: 0 })
}

export function openaiError({ message, type, code }: ApiError): object {
  return { error: { message, type, param: null, code } }
}

function head(answer: Answer, object: string): object {
  const { id, created, model } = answer
  return { id: `chatcmpl-${id}`, object, created, model, system_fingerprint: 'fp_scripted' }
}

function toolCallId(answer: Answer): string {
  return `call_${answer.id}`
}

function messageOf(answer: Answer): object {
  const text = textOf(answer)
  if (answer.kind === 'text') return { role: 'assistant', content: text, refusal: null }
  if (answer.kind === 'refusal') return { role: 'assistant', content: null, refusal: text }
  const call = {
    id: toolCallId(answer),
    type: 'function',
    function: { name: answer.toolName, arguments: text },
  }
  return { role: 'assistant', content: null, refusal: null, tool_calls: [call] }
}

function openingDelta(answer: Answer): object {
  if (answer.kind !== 'tool_call') return { role: 'assistant', content: '', refusal: null }
  const call = {
    index: 0,
    id: toolCallId(answer),
    type: 'function',
    function: { name: answer.toolName, arguments: '' },
  }
  return { role: 'assistant', content: null, tool_calls: [call] }
}

function delta(answer: Answer, text: string): object {
  if (answer.kind === 'text') return { content: text }
  if (answer.kind === 'refusal') return { refusal: text }
  return { tool_calls: [{ index: 0, function: { arguments: text } }] }
}
