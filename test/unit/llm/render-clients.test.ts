import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { RenderableEndpoint, StoredAnswer } from '../../../runner/llm/index.ts'
import { errorBody, renderAnswer } from '../../../runner/llm/index.ts'

const stored: StoredAnswer = {
  model: 'm',
  usage: { promptTokens: 10, completionTokens: 2, totalTokens: 12 },
  choices: [
    {
      index: 0,
      role: 'assistant',
      content: 'The quick brown fox jumps over the lazy dog. 敏捷的棕色狐狸 🦊',
      toolCalls: [{ id: 'call_1', name: 'f', arguments: '{"a":1}' }],
      finishReason: 'tool_calls',
    },
  ],
}
const content = stored.choices[0]?.content ?? ''

/** What a client's fetch gets when the gateway answers by itself. */
function answering(endpoint: RenderableEndpoint, stream: boolean): typeof fetch {
  const type = stream ? 'text/event-stream' : 'application/json'
  const body = renderAnswer(endpoint, stored, { id: 'id_1', created: 5, stream, includeUsage: stream })
  return async () => new Response(body, { headers: { 'content-type': type } })
}

const openAi = (fetch: typeof globalThis.fetch) => new OpenAI({ apiKey: 'k', maxRetries: 0, fetch })
const anthropic = (fetch: typeof globalThis.fetch) => new Anthropic({ apiKey: 'k', maxRetries: 0, fetch })
const messages = [{ role: 'user' as const, content: 'q' }]

test('the OpenAI client reads our chat, plain and streamed', async () => {
  const plain = await openAi(answering('chat-completions', false)).chat.completions.create({
    model: 'm',
    messages,
  })
  assert.equal(plain.choices[0]?.message.content, content)
  const runner = openAi(answering('chat-completions', true)).chat.completions.stream({ model: 'm', messages })
  const streamed = await runner.finalChatCompletion()
  assert.equal(streamed.choices[0]?.message.content, content)
  assert.equal(streamed.choices[0]?.finish_reason, 'tool_calls')
  assert.equal(streamed.choices[0]?.message.tool_calls?.length, 1)
  assert.equal(streamed.usage?.total_tokens, 12)
})

test('the OpenAI client reads our response, plain and streamed', async () => {
  const plain = await openAi(answering('responses', false)).responses.create({ model: 'm', input: 'q' })
  assert.equal(plain.output_text, content)
  const runner = openAi(answering('responses', true)).responses.stream({ model: 'm', input: 'q' })
  const streamed = await runner.finalResponse()
  assert.equal(streamed.output_text, content)
  assert.deepEqual(
    streamed.output.map((item) => item.type),
    ['message', 'function_call'],
  )
})

test('the Anthropic client reads our message, plain and streamed', async () => {
  const request = { model: 'm', max_tokens: 9, messages }
  const plain = await anthropic(answering('messages', false)).messages.create(request)
  const streamed = await anthropic(answering('messages', true)).messages.stream(request).finalMessage()
  for (const message of [plain, streamed]) {
    assert.deepEqual(
      message.content.map((block) => block.type),
      ['text', 'tool_use'],
    )
    assert.ok(message.content[0]?.type === 'text' && message.content[0].text === content)
    assert.ok(message.content[1]?.type === 'tool_use')
    assert.deepEqual(message.content[1].input, { a: 1 })
    assert.equal(message.stop_reason, 'tool_use')
    assert.equal(message.usage.output_tokens, 2)
  }
})

test('the clients understand our refusals', async () => {
  const refusing = (endpoint: RenderableEndpoint): typeof fetch => {
    const body = errorBody(endpoint, {
      message: 'slow down',
      type: 'rate_limit_exceeded',
      code: 'rate_limit_exceeded',
    })
    return async () => new Response(body, { status: 429, headers: { 'content-type': 'application/json' } })
  }
  await assert.rejects(
    openAi(refusing('chat-completions')).chat.completions.create({ model: 'm', messages }),
    {
      status: 429,
      code: 'rate_limit_exceeded',
      message: /slow down/,
    },
  )
  await assert.rejects(
    anthropic(refusing('messages')).messages.create({ model: 'm', max_tokens: 1, messages }),
    {
      status: 429,
      message: /rate_limit_error.*slow down/,
    },
  )
})
