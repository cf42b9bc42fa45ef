import { type Endpoint, type JsonObject, textParts } from '../../../runner/plugin.ts'

const CHARS_PER_TOKEN = 4
/** CJK text costs between half a token and one and a half per character, by tokenizer. */
const TOKENS_PER_WIDE_CHAR = 0.8
const TOKENS_PER_PART = 4

/** A cheap estimate of the prompt's tokens by characters; good for choosing a model, not for a bill. */
export function estimatePromptTokens(endpoint: Endpoint, json: JsonObject): number {
  let tokens = 0
  for (const { text } of textParts(endpoint, json)) tokens += tokensOf(text) + TOKENS_PER_PART
  return Math.ceil(tokens)
}

/** Native length arithmetic instead of a loop: a character beyond ASCII has two or three bytes, almost always three. */
function tokensOf(text: string): number {
  const wide = (Buffer.byteLength(text) - text.length) / 2
  return (text.length - wide) / CHARS_PER_TOKEN + wide * TOKENS_PER_WIDE_CHAR
}
