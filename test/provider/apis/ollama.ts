import { type Answer, textOf } from '../answer.ts'
import { parseOrEmpty } from '../json.ts'
import { chunkFrame, type Dialect, frame } from './dialect.ts'

/** Ollama's own `/api/chat`: one JSON object a line; the last carries the counts. */
export const ollama: Dialect = {
  streamType: 'application/x-ndjson',
  whole: (answer) => ({ ...head(answer, textOf(answer)), ...end(answer) }),
  *frames(answer) {
    if (answer.kind === 'tool_call') {
      // A tool call is not cut into pieces: it comes as one message.
      const tokens = answer.pieces.reduce((sum, piece) => sum + piece.tokens, 0)
      yield chunkFrame({ ...head(answer, textOf(answer)), done: false }, tokens)
    } else {
      for (const { text, tokens } of answer.pieces)
        yield chunkFrame({ ...head(answer, text), done: false }, tokens)
    }
    if (!answer.behaviour.no_end) yield frame({ ...head({ ...answer, kind: 'text' }, ''), ...end(answer) })
  },
  error: ({ message }) => ({ error: message }),
  errorFrame: ({ message }) => frame({ error: message }),
}

function head(answer: Answer, text: string): object {
  const created = new Date(answer.created * 1000).toISOString()
  return { model: answer.model, created_at: created, message: { role: 'assistant', ...said(answer, text) } }
}

function said(answer: Answer, text: string): object {
  if (answer.kind !== 'tool_call') return { content: text }
  const call = { function: { name: answer.toolName, arguments: parseOrEmpty(text) } }
  return { content: '', tool_calls: [call] }
}

function end({ finishReason, usage: { prompt, completion }, behaviour }: Answer): object {
  const reason = finishReason === 'tool_calls' ? 'stop' : finishReason
  const counts = { prompt_eval_count: prompt, prompt_eval_duration: 1_000_000, eval_count: completion }
  return {
    done: true,
    done_reason: reason,
    total_duration: 2_000_000,
    load_duration: 500_000,
    ...(behaviour.usage === 'none' ? {} : { ...counts, eval_duration: 1_000_000 }),
  }
}
