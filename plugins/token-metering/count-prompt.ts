import { type Call, type Endpoint, type JsonObject, textParts } from '../../runner/plugin.ts'
import type { TokenCount } from './tokens/bounded.ts'
import { encodingForModel } from './tokens/model-encoding.ts'
import { chatOverheadTokens } from './tokens/prompt.ts'
import type { TokenCounter } from './tokens/token-counter.ts'

export interface PromptCount {
  readonly tokens: number
  /** false: another maker's model, or a prompt too big to count whole. */
  readonly exact: boolean
}

/** Tokens that the request sends, as far as its texts tell. Images and audio are not counted. A promise for a big one. */
export function countPrompt(
  endpoint: Endpoint,
  json: JsonObject,
  counter: TokenCounter,
  call?: Call,
): PromptCount | Promise<PromptCount> {
  const { encoding, exact } = encodingForModel(typeof json.model === 'string' ? json.model : '')
  const texts: string[] = []
  for (const part of textParts(endpoint, json)) texts.push(part.text)
  const messages = Array.isArray(json.messages) ? json.messages.length : 0
  const result = (count: TokenCount): PromptCount => ({
    tokens: count.tokens + chatOverheadTokens(messages),
    exact: exact && count.exact,
  })
  const count = counter.countTexts(texts, encoding, call)
  return count instanceof Promise ? count.then(result) : result(count)
}
