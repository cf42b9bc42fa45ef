import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { countPrompt } from '../../../../plugins/token-metering/count-prompt.ts'
import { TokenCounter } from '../../../../plugins/token-metering/tokens/token-counter.ts'
import { countTokens } from '../../../../plugins/token-metering/tokens/tokenizer.ts'

const counter = new TokenCounter()
after(() => counter.close())

test('counts the texts of all messages and what the chat format adds', () => {
  const texts = ['You are helpful.', '你好，世界', 'Bye']
  const messages = [
    { role: 'system', content: texts[0] },
    {
      role: 'user',
      content: [
        { type: 'text', text: texts[1] },
        { type: 'image_url', image_url: { url: 'x' } },
      ],
    },
    { role: 'user', content: texts[2] },
  ]
  const sum = texts.reduce((tokens, text) => tokens + countTokens(text, 'o200k_base'), 0)
  assert.deepEqual(countPrompt('chat-completions', { model: 'gpt-4o', messages }, counter), {
    tokens: sum + 3 * 4 + 3,
    exact: true,
  })
})

test('gives the totals that OpenAI documents for the example of its cookbook, names included', () => {
  // 129 tokens by the API for the gpt-4 family, 124 for gpt-4o.
  const texts: [name: string, content: string][] = [
    ['example_user', 'New synergies will help drive top-line growth.'],
    ['example_assistant', 'Things working well together will increase revenue.'],
    [
      'example_user',
      "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    ],
    ['example_assistant', "Let's talk later when we're less busy about how to do better."],
  ]
  const messages = [
    {
      role: 'system',
      content:
        'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
    },
    ...texts.map(([name, content]) => ({ role: 'system', name, content })),
    {
      role: 'user',
      content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
  ]
  const tokensFor = (model: string) => countPrompt('chat-completions', { model, messages }, counter)
  assert.deepEqual(tokensFor('gpt-4-0613'), { tokens: 129, exact: true })
  assert.deepEqual(tokensFor('gpt-4o'), { tokens: 124, exact: true })
})

test('adds nothing to plain texts, and says where the tokenizer is another maker’s', () => {
  const input = ['one two', 'three']
  const tokens = countTokens('one two', 'cl100k_base') + countTokens('three', 'cl100k_base')
  assert.deepEqual(countPrompt('embeddings', { model: 'text-embedding-3-small', input }, counter), {
    tokens,
    exact: true,
  })
  const other = countPrompt('embeddings', { model: 'bge-m3', input: 'hi' }, counter)
  assert.deepEqual(other, { tokens: 1, exact: false })
  assert.deepEqual(countPrompt('embeddings', { input: 'hi' }, counter), { tokens: 1, exact: false })
})

test('is a promise for a prompt that the worker counts', async () => {
  const content = 'word '.repeat(20_000)
  const count = countPrompt(
    'chat-completions',
    { model: 'gpt-4o', messages: [{ role: 'user', content }] },
    counter,
    { signal: new AbortController().signal },
  )
  assert.ok(count instanceof Promise)
  assert.deepEqual(await count, { tokens: countTokens(content, 'o200k_base') + 4 + 3, exact: true })
})
