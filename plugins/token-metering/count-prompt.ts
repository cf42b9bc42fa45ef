import { type Endpoint, type JsonObject, textParts } from '../../runner/plugin.ts'
import { encodingForModel } from './tokens/model-encoding.ts'
import type { TokenCounter } from './tokens/token-counter.ts'

export interface PromptCount {
  readonly tokens: number
  /** false: another maker's model, or a prompt too big to count whole. */
  readonly exact: boolean
}

/** Tokens that the request sends, as far as its texts tell. Images and audio are not counted. */
export async function countPrompt(
  endpoint: Endpoint,
  json: JsonObject,
  counter: TokenCounter,
  signal?: AbortSignal,
): Promise<PromptCount> {
  const { encoding, exact } = encodingForModel(typeof json.model === 'string' ? json.model : '')
  const texts: string[] = []
  for (const part of textParts(endpoint, json)) texts.push(part.text)
  const messages = Array.isArray(json.messages) ? json.messages.length : 0
  const count = await counter.countPrompt({ texts, messages }, encoding, signal)
  return { tokens: count.tokens, exact: exact && count.exact }
}
