import type { JsonRecord } from './json.ts'
import { isRecord, recordOf } from './json.ts'
import type { TokenUsage } from './types.ts'

/**
 * OpenAI's usage object in its two spellings: chat and completions (`prompt_tokens`) and responses (`input_tokens`),
 * the latter also DashScope's. Providers that count differently are taken at their word, also when the total is not
 * the sum (xAI and Gemini leave reasoning out of `completion_tokens`). Undefined when it holds no count.
 */
export function openAiUsage(value: unknown): TokenUsage | undefined {
  if (!isRecord(value)) return undefined
  const input = recordOf(value.prompt_tokens_details ?? value.input_tokens_details)
  const output = recordOf(value.completion_tokens_details ?? value.output_tokens_details)
  return usageOf({
    promptTokens: count(value.prompt_tokens) ?? count(value.input_tokens),
    completionTokens: count(value.completion_tokens) ?? count(value.output_tokens),
    totalTokens: count(value.total_tokens),
    // top level: Together, Moonshot, DashScope; prompt_cache_hit_tokens: DeepSeek
    cachedTokens:
      count(input.cached_tokens) ?? count(value.cached_tokens) ?? count(value.prompt_cache_hit_tokens),
    // OpenRouter, OpenAI since GPT-5.6; cache_creation_input_tokens: DashScope and Anthropic models behind proxies
    cacheWriteTokens:
      count(input.cache_write_tokens) ??
      count(input.cache_creation_input_tokens) ??
      count(value.cache_creation_input_tokens),
    reasoningTokens: count(output.reasoning_tokens) ?? count(value.reasoning_tokens),
    audioInputTokens: count(input.audio_tokens),
    audioOutputTokens: count(output.audio_tokens),
  })
}

/** Embeddings have no completion: what is not said of it is zero, and the total is the prompt. */
export function embeddingUsage(value: unknown): TokenUsage | undefined {
  const usage = openAiUsage(value)
  if (usage === undefined) return undefined
  return usageOf({
    ...usage,
    promptTokens: usage.promptTokens ?? usage.totalTokens,
    completionTokens: usage.completionTokens ?? 0,
  })
}

/**
 * Anthropic's usage object. `input_tokens` leaves out what was read from and written to the cache; the prompt is all
 * three (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching, "Tracking cache performance").
 */
export function anthropicUsage(usage: JsonRecord): TokenUsage | undefined {
  const input = count(usage.input_tokens)
  const read = count(usage.cache_read_input_tokens)
  const written = count(usage.cache_creation_input_tokens)
  return usageOf({
    promptTokens: input === undefined ? undefined : input + (read ?? 0) + (written ?? 0),
    completionTokens: count(usage.output_tokens),
    totalTokens: undefined,
    cachedTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: count(recordOf(usage.output_tokens_details).thinking_tokens),
  })
}

/** Ollama states counts beside the answer, on the last line of a stream. */
export function ollamaUsage(line: JsonRecord): TokenUsage | undefined {
  return usageOf({
    promptTokens: count(line.prompt_eval_count),
    completionTokens: count(line.eval_count),
    totalTokens: undefined,
  })
}

/**
 * Gemini's usageMetadata. Thoughts are billed as output and prompts of its own tools as input, and both are counted
 * apart (https://ai.google.dev/api/generate-content#UsageMetadata). Zeros are left out on its wire.
 */
export function geminiUsage(value: unknown): TokenUsage | undefined {
  if (!isRecord(value)) return undefined
  const prompt = count(value.promptTokenCount)
  const candidates = count(value.candidatesTokenCount)
  const thoughts = count(value.thoughtsTokenCount)
  const total = count(value.totalTokenCount)
  const input = prompt === undefined ? undefined : prompt + (count(value.toolUsePromptTokenCount) ?? 0)
  const said =
    candidates === undefined && thoughts === undefined ? undefined : (candidates ?? 0) + (thoughts ?? 0)
  const rest = total !== undefined && input !== undefined && total >= input ? total - input : undefined
  return usageOf({
    promptTokens: input,
    completionTokens: said ?? rest,
    totalTokens: total,
    cachedTokens: count(value.cachedContentTokenCount),
    reasoningTokens: thoughts,
    audioInputTokens: audioOf(value.promptTokensDetails),
    audioOutputTokens: audioOf(value.candidatesTokensDetails),
  })
}

/**
 * Tokens to bill as output: `completionTokens`, or all of the total that is not prompt where a provider leaves
 * reasoning out of its completion (xAI, Gemini's OpenAI endpoint). Undefined when the wire says neither.
 */
export function outputTokens(usage: TokenUsage): number | undefined {
  const { promptTokens, completionTokens, totalTokens } = usage
  if (promptTokens === undefined || totalTokens === undefined) return completionTokens
  return Math.max(completionTokens ?? 0, totalTokens - promptTokens)
}

function audioOf(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined
  return count(recordOf(details.find((item) => recordOf(item).modality === 'AUDIO')).tokenCount)
}

/** Far beyond any request. What a provider says above it is no count, and must not fill somebody's quota or bill. */
const MAX_TOKENS = 1_000_000_000

function count(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TOKENS
    ? Number(value)
    : undefined
}

type Counts = { [K in keyof TokenUsage]: number | undefined }

/** Drops what is not known, and adds the total where both sides are known. */
function usageOf(counts: Counts): TokenUsage | undefined {
  const { promptTokens, completionTokens } = counts
  const sum =
    promptTokens === undefined || completionTokens === undefined ? undefined : promptTokens + completionTokens
  const known = Object.entries({ ...counts, totalTokens: counts.totalTokens ?? sum }).filter(
    ([, value]) => value !== undefined,
  )
  return known.length > 0 ? Object.fromEntries(known) : undefined
}
