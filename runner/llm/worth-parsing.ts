import type { Wanted } from './sse.ts'

/** Every JSON text that can carry usage, a reason to finish, an error or the end; nearly no text delta does. */
const telling = [
  '"(?:usage|usageMetadata|response|promptFeedback)"\\s*:\\s*\\{',
  '"error"\\s*:\\s*[{"]',
  '"(?:finish_reason|stop_reason|finishReason|done_reason)"\\s*:\\s*"',
  '"type"\\s*:\\s*"(?:message_|error)',
  '"object"\\s*:\\s*"error"',
  '"done"\\s*:\\s*true',
  '"(?:prompt_eval_count|eval_count|request_id)"\\s*:',
].join('|')

/** `[DONE]` and the like. */
const shortData = 16

/**
 * Tells which pieces of one body are worth parsing when texts are not wanted. Keys inside a model's own text are
 * escaped on the wire and match nothing; a match too many costs a parse, no more. Pieces must come in order: the
 * body is then searched once.
 */
export function worthParsing(body: string): Wanted {
  const pattern = new RegExp(telling, 'g')
  let hit = -1
  return (from, to, event) => {
    if (to - from <= shortData || event === 'error') return true
    if (hit < from) {
      pattern.lastIndex = from
      hit = pattern.exec(body)?.index ?? body.length
    }
    return hit < to
  }
}
