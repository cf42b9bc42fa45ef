import { type Call, type Endpoint, type JsonObject, textParts } from '../../runner/plugin.ts'
import type { TokenCount } from './tokens/bounded.ts'
import { chatOverheadTokens } from './tokens/chat-overhead.ts'
import { encodingForModel } from './tokens/model-encoding.ts'
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
  const overhead = overheadOf(json.messages)
  const result = (count: TokenCount): PromptCount => ({
    tokens: count.tokens + overhead,
    exact: exact && count.exact,
  })
  const count = counter.countTexts(texts, encoding, call)
  return count instanceof Promise ? count.then(result) : result(count)
}

function overheadOf(messages: unknown): number {
  if (!Array.isArray(messages)) return 0
  let names = 0
  for (const message of messages as ({ name?: unknown } | null)[]) {
    if (typeof message?.name === 'string') names++
  }
  return chatOverheadTokens(messages.length, names)
}
