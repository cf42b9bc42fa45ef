import type { JsonObject, TokenUsage } from './types.ts'

/** As chat completions and legacy completions write it. */
export function chatUsage(usage: TokenUsage): JsonObject {
  const { promptTokens = 0, completionTokens = 0 } = usage
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: usage.totalTokens ?? promptTokens + completionTokens,
    ...details('prompt_tokens_details', {
      cached_tokens: usage.cachedTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: usage.audioInputTokens,
    }),
    ...details('completion_tokens_details', {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    }),
  }
}

/** As the Responses API writes it; it always states both details. */
export function responsesUsage(usage: TokenUsage): JsonObject {
  const { promptTokens = 0, completionTokens = 0 } = usage
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens ?? promptTokens + completionTokens,
  }
}

/** As Anthropic writes it: input without what was read from and written to the cache. */
export function anthropicWireUsage(usage: TokenUsage): JsonObject {
  const read = usage.cachedTokens ?? 0
  const written = usage.cacheWriteTokens ?? 0
  return {
    input_tokens: Math.max(0, (usage.promptTokens ?? 0) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: usage.completionTokens ?? 0,
  }
}

function details(name: string, counts: Record<string, number | undefined>): JsonObject {
  const known = Object.entries(counts).filter(([, value]) => value !== undefined)
  return known.length > 0 ? { [name]: Object.fromEntries(known) } : {}
}
