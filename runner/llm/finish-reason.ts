/** Why a model stopped, in the words of OpenAI's chat completions. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'

const meanings = new Map<string, FinishReason>([
  // OpenAI chat completions
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['function_call', 'function_call'],
  // OpenAI responses
  ['completed', 'stop'],
  ['max_output_tokens', 'length'],
  // Anthropic
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
  // Gemini
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
])

/** The meaning of any provider's word; what nobody documents counts as a normal end. */
export function finishReason(word: string | undefined, hasToolCalls: boolean): FinishReason {
  const meaning = meanings.get(word ?? '') ?? 'stop'
  return meaning === 'stop' && hasToolCalls ? 'tool_calls' : meaning
}

const anthropicWords = new Set([
  'end_turn',
  'stop_sequence',
  'pause_turn',
  'max_tokens',
  'model_context_window_exceeded',
  'tool_use',
  'refusal',
])

const anthropicWord: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
}

/** The same in Anthropic's words, which are kept where the answer has them already. */
export function stopReason(word: string | undefined, hasToolCalls: boolean): string {
  if (word !== undefined && anthropicWords.has(word)) return word
  return anthropicWord[finishReason(word, hasToolCalls)]
}
