import { countTextsBounded, type TokenCount } from './bounded.ts'
import type { Encoding } from './tokenizer.ts'

/** What a request sends to the model, whatever its API. */
export interface PromptParts {
  /** Contents, participants' names and whatever else is sent as text; not the roles. */
  readonly texts: Iterable<string>
  /** How many chat messages; 0 for APIs that take plain text (embeddings, legacy completions). */
  readonly messages: number
  /** How many of the messages carry a `name`. */
  readonly names?: number
}

const TOKENS_PER_MESSAGE = 3
const TOKENS_PER_ROLE = 1
const TOKENS_PER_NAME = 1
const TOKENS_OF_PRIMING = 3

/**
 * What the chat format adds to the texts, by OpenAI's rule for its chat models: 3 tokens and the role for each message,
 * 1 for each name, 3 that prime the answer. OpenAI calls it an estimate that may change, and says nothing of tools;
 * for other makers' models it is a stand-in.
 * Source: openai/openai-cookbook, examples/How_to_count_tokens_with_tiktoken.ipynb, section 6.
 */
export function chatOverheadTokens(messages: number, names = 0): number {
  if (messages === 0) return 0
  return messages * (TOKENS_PER_MESSAGE + TOKENS_PER_ROLE) + names * TOKENS_PER_NAME + TOKENS_OF_PRIMING
}

/** The prompt's tokens with the chat overhead, within a time bound as `countTokensBounded` has it. */
export function countPromptTokens(parts: PromptParts, encoding: Encoding, budgetBytes?: number): TokenCount {
  const texts = countTextsBounded([...parts.texts], encoding, budgetBytes)
  return { tokens: texts.tokens + chatOverheadTokens(parts.messages, parts.names), exact: texts.exact }
}
