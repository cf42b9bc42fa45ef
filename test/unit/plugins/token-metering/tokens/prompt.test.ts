import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatOverheadTokens, countPromptTokens } from '../../../../../plugins/token-metering/tokens/prompt.ts'

// The example of OpenAI's cookbook, for which its API reports 129 tokens (gpt-4 family) and 124 (gpt-4o family).
const COOKBOOK = {
  texts: [
    'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
    'New synergies will help drive top-line growth.',
    'example_user',
    'Things working well together will increase revenue.',
    'example_assistant',
    "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    'example_user',
    "Let's talk later when we're less busy about how to do better.",
    'example_assistant',
    "This late pivot means we don't have time to boil the ocean for the client deliverable.",
  ],
  messages: 6,
  names: 4,
}

test('gives the totals that OpenAI documents for its example', () => {
  assert.deepEqual(countPromptTokens(COOKBOOK, 'cl100k_base'), { tokens: 129, exact: true })
  assert.deepEqual(countPromptTokens(COOKBOOK, 'o200k_base'), { tokens: 124, exact: true })
})

test('adds nothing to plain texts', () => {
  assert.equal(chatOverheadTokens(0), 0)
  assert.equal(countPromptTokens({ texts: ['hello', 'hello'], messages: 0 }, 'o200k_base').tokens, 2)
})

test('is not exact when the texts are too big to be counted at once', () => {
  const prompt = countPromptTokens({ texts: ['a b '.repeat(20_000)], messages: 1 }, 'o200k_base')
  assert.equal(prompt.exact, false)
})
