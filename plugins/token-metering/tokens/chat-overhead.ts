const TOKENS_PER_MESSAGE = 3
const TOKENS_PER_ROLE = 1
const TOKENS_PER_NAME = 1
const TOKENS_OF_PRIMING = 3

/**
 * What the chat format adds to the texts, by OpenAI's rule for its chat models: 3 tokens and the role for each message,
 * 1 for each name, 3 that prime the answer. OpenAI calls it an estimate that may change, and says nothing of tools;
 * for other makers' models it is a stand-in.
 * Source: openai/openai-cookbook, examples/How_to_count_tokens_with_tiktoken.ipynb, section 6.
 * @param messages 0 for APIs that take plain text (embeddings, legacy completions)
 * @param names how many of the messages carry a `name`; its text counts beside this
 */
export function chatOverheadTokens(messages: number, names: number): number {
  if (messages === 0) return 0
  return messages * (TOKENS_PER_MESSAGE + TOKENS_PER_ROLE) + names * TOKENS_PER_NAME + TOKENS_OF_PRIMING
}
