import { renderChat, renderCompletion } from './render-chat.ts'
import { renderMessage } from './render-messages.ts'
import { renderResponse } from './render-responses.ts'
import type { RenderableEndpoint, RenderOptions, StoredAnswer } from './types.ts'

/**
 * An answer as the API of this endpoint would have sent it: a JSON document, or a whole SSE body with
 * `stream: true`. It does not matter how the answer once came: one read from a stream serves a plain request and the
 * other way round. Anthropic's format leaves reasoning out, because thinking blocks need a signature that only
 * Anthropic can make; legacy completions carry text only.
 */
export function renderAnswer(
  endpoint: RenderableEndpoint,
  stored: StoredAnswer,
  options: RenderOptions,
): string {
  switch (endpoint) {
    case 'chat-completions':
      return renderChat(stored, options)
    case 'completions':
      return renderCompletion(stored, options)
    case 'responses':
      return renderResponse(stored, options)
    case 'messages':
      return renderMessage(stored, options)
  }
}
