import { type Answer, textOf } from '../answer.ts'
import { chunkFrame, type Dialect, frame } from './dialect.ts'
import { openaiError, openaiUsage, usageSoFar } from './openai-chat.ts'

/** The older `/v1/completions`: text in, text out. */
export const openaiCompletions: Dialect = {
  streamType: 'text/event-stream',
  whole: (answer) => ({
    ...head(answer),
    choices: [choice(textOf(answer), answer.finishReason)],
    ...(answer.behaviour.usage === 'none' ? {} : { usage: openaiUsage(answer.usage) }),
  }),
  *frames(answer, includeUsage) {
    const mode = answer.behaviour.usage ?? 'asked'
    const final = mode === 'always' || mode === 'every' || (mode === 'asked' && includeUsage)
    let sent = 0
    const chunk = (text: string, finishReason: string | null) => ({
      ...head(answer),
      choices: [choice(text, finishReason)],
      ...(mode === 'every' ? { usage: usageSoFar(answer.usage, sent) } : final ? { usage: null } : {}),
    })
    for (const { text, tokens } of answer.pieces) {
      sent += tokens
      yield chunkFrame(chunk(text, null), tokens)
    }
    yield frame(chunk('', answer.finishReason))
    if (final) yield frame({ ...head(answer), choices: [], usage: openaiUsage(answer.usage) })
    if (!answer.behaviour.no_end) yield frame('[DONE]')
  },
  error: openaiError,
  errorFrame: (error) => frame(openaiError(error)),
}

function head({ id, created, model }: Answer): object {
  return { id: `cmpl-${id}`, object: 'text_completion', created, model }
}

function choice(text: string, finishReason: string | null): object {
  return { index: 0, text, logprobs: null, finish_reason: finishReason }
}
