import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  anthropicUsage,
  embeddingUsage,
  geminiUsage,
  ollamaUsage,
  openAiUsage,
  outputTokens,
} from '../../../runner/llm/token-usage.ts'

test('reads every count of OpenAI in both spellings', () => {
  const all = {
    promptTokens: 20,
    completionTokens: 4,
    totalTokens: 24,
    cachedTokens: 1,
    cacheWriteTokens: 5,
    reasoningTokens: 3,
    audioInputTokens: 2,
    audioOutputTokens: 4,
  }
  const input = { cached_tokens: 1, audio_tokens: 2, cache_write_tokens: 5 }
  const output = { reasoning_tokens: 3, audio_tokens: 4 }
  assert.deepEqual(
    openAiUsage({
      prompt_tokens: 20,
      completion_tokens: 4,
      total_tokens: 24,
      prompt_tokens_details: input,
      completion_tokens_details: output,
    }),
    all,
  )
  assert.deepEqual(
    openAiUsage({
      input_tokens: 20,
      output_tokens: 4,
      input_tokens_details: input,
      output_tokens_details: output,
    }),
    all,
  )
})

test('keeps unsaid apart from zero, and takes the stated total', () => {
  assert.deepEqual(openAiUsage({ prompt_tokens: 0, completion_tokens: 1, prompt_tokens_details: null }), {
    promptTokens: 0,
    completionTokens: 1,
    totalTokens: 1,
  })
  assert.equal(openAiUsage({ prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 })?.totalTokens, 100)
  assert.deepEqual(openAiUsage({ prompt_tokens: 5 }), { promptTokens: 5 })
  for (const nothing of [
    null,
    undefined,
    {},
    [],
    'x',
    { prompt_tokens: '5', completion_tokens: -1, total_tokens: 0.5 },
  ]) {
    assert.equal(openAiUsage(nothing), undefined)
  }
})

test('finds cached tokens where Together and older DeepSeek state them', () => {
  assert.equal(openAiUsage({ prompt_tokens: 9, cached_tokens: 4 })?.cachedTokens, 4)
  assert.equal(openAiUsage({ prompt_tokens: 9, prompt_cache_hit_tokens: 3 })?.cachedTokens, 3)
})

test('gives embeddings no completion', () => {
  const usage = { promptTokens: 9, completionTokens: 0, totalTokens: 9 }
  assert.deepEqual(embeddingUsage({ prompt_tokens: 9, total_tokens: 9 }), usage)
  assert.deepEqual(embeddingUsage({ total_tokens: 9 }), usage)
  assert.equal(embeddingUsage({}), undefined)
})

test('adds what Anthropic counts apart from the input', () => {
  assert.deepEqual(
    anthropicUsage({
      input_tokens: 4,
      cache_creation_input_tokens: 10,
      cache_read_input_tokens: 100,
      output_tokens: 5,
      output_tokens_details: { thinking_tokens: 2 },
    }),
    {
      promptTokens: 114,
      completionTokens: 5,
      totalTokens: 119,
      cachedTokens: 100,
      cacheWriteTokens: 10,
      reasoningTokens: 2,
    },
  )
})

test('adds what Gemini counts apart from candidates and prompt', () => {
  assert.deepEqual(
    geminiUsage({
      promptTokenCount: 10,
      toolUsePromptTokenCount: 5,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 2,
      totalTokenCount: 20,
      cachedContentTokenCount: 8,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 6 },
        { modality: 'AUDIO', tokenCount: 4 },
      ],
    }),
    {
      promptTokens: 15,
      completionTokens: 5,
      totalTokens: 20,
      cachedTokens: 8,
      reasoningTokens: 2,
      audioInputTokens: 4,
    },
  )
  assert.deepEqual(geminiUsage({ promptTokenCount: 10, totalTokenCount: 10 }), {
    promptTokens: 10,
    completionTokens: 0,
    totalTokens: 10,
  })
})

test('states no total for Ollama when one side is missing', () => {
  assert.deepEqual(ollamaUsage({ prompt_eval_count: 2, eval_count: 3 }), {
    promptTokens: 2,
    completionTokens: 3,
    totalTokens: 5,
  })
  assert.deepEqual(ollamaUsage({ eval_count: 3 }), { completionTokens: 3 })
})

test('bills reasoning that a provider leaves out of the completion', () => {
  assert.equal(
    outputTokens({ promptTokens: 12, completionTokens: 1, totalTokens: 303, reasoningTokens: 290 }),
    291,
  )
  assert.equal(outputTokens({ promptTokens: 66, completionTokens: 6, totalTokens: 100 }), 34)
  assert.equal(outputTokens({ promptTokens: 1, completionTokens: 2, totalTokens: 3 }), 2)
  assert.equal(outputTokens({ completionTokens: 2 }), 2)
  assert.equal(outputTokens({}), undefined)
})

test('takes a number of tokens that no request has for none', () => {
  assert.deepEqual(openAiUsage({ prompt_tokens: 9e15, completion_tokens: 2 }), { completionTokens: 2 })
  assert.equal(openAiUsage({ prompt_tokens: -1, completion_tokens: 1.5, total_tokens: 1e300 }), undefined)
})
