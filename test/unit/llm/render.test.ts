import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerChoice, RenderableEndpoint, StoredAnswer } from '../../../runner/llm/index.ts'
import { readAnswer, renderAnswer } from '../../../runner/llm/index.ts'

const options = { id: 'chatcmpl-1', created: 5 }
const stored: StoredAnswer = {
  model: 'm',
  usage: { promptTokens: 10, completionTokens: 2, totalTokens: 12, cachedTokens: 4 },
  choices: [{ index: 0, role: 'assistant', content: 'Hi 😀', finishReason: 'stop' }],
}
const eventNames = (body: string) => Array.from(body.matchAll(/^event: (.*)$/gm), (match) => match[1])

const call = fc.record(
  {
    id: fc.uuid(),
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    arguments: fc.json({ maxDepth: 2 }).map((value) => `{"v":${value}}`),
  },
  { noNullPrototype: true },
)
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constant(''), fc.lorem())
const choiceWith = (reasons: readonly string[]) =>
  fc.record(
    {
      content: text,
      finishReason: fc.constantFrom(...reasons),
      toolCalls: fc.array(call, { minLength: 1, maxLength: 3 }),
      refusal: text,
    },
    { requiredKeys: ['content', 'finishReason'], noNullPrototype: true },
  )

function assertSameTold(endpoint: RenderableEndpoint, answer: StoredAnswer): void {
  const tell = (stream: boolean) =>
    readAnswer(renderAnswer(endpoint, answer, { ...options, stream, includeUsage: true }))
  for (const told of [tell(true), tell(false)]) {
    assert.ok(told.complete)
    assert.equal(told.brokenEvents, 0)
    assert.equal(told.model, answer.model)
    assert.deepEqual(told.usage?.promptTokens, answer.usage?.promptTokens)
    assert.deepEqual(told.usage?.completionTokens, answer.usage?.completionTokens)
    assert.deepEqual(
      told.choices.map(({ content, finishReason, toolCalls }) => ({ content, finishReason, toolCalls })),
      answer.choices.map(({ content, finishReason, toolCalls }) => ({ content, finishReason, toolCalls })),
    )
  }
}

const answerOf = (choices: object[]): StoredAnswer => ({
  ...stored,
  choices: choices.map(
    (choice, index): AnswerChoice => ({ index, role: 'assistant', content: '', ...choice }),
  ),
})

test('tells a chat again with the same content, calls and finish reasons', () => {
  const choice = choiceWith(['length', 'tool_calls', 'content_filter'])
  fc.assert(
    fc.property(fc.array(choice, { minLength: 1, maxLength: 3 }), (choices) => {
      assertSameTold('chat-completions', answerOf(choices))
      const refusals = readAnswer(
        renderAnswer('chat-completions', answerOf(choices), { ...options, stream: true }),
      )
      assert.deepEqual(
        refusals.choices.map((told) => told.refusal ?? ''),
        choices.map((told) => told.refusal ?? ''),
      )
    }),
  )
})

test('tells completions, messages and responses again', () => {
  const plain = (reasons: string[]) => fc.record({ content: text, finishReason: fc.constantFrom(...reasons) })
  const calling = (reasons: string[]) =>
    fc.record(
      {
        content: text,
        finishReason: fc.constantFrom(...reasons),
        toolCalls: fc.array(call, { minLength: 1 }),
      },
      { requiredKeys: ['content', 'finishReason'], noNullPrototype: true },
    )
  fc.assert(
    fc.property(
      plain(['stop', 'length']),
      calling(['end_turn', 'max_tokens', 'tool_use', 'stop_sequence']),
      calling(['completed', 'max_output_tokens', 'content_filter']),
      (completion, message, response) => {
        assertSameTold('completions', answerOf([completion]))
        const canonical = (message.toolCalls ?? []).map((tool) => ({
          ...tool,
          arguments: JSON.stringify(JSON.parse(tool.arguments)),
        }))
        const told = canonical.length > 0 ? { ...message, toolCalls: canonical } : message
        assertSameTold('messages', answerOf([told]))
        assertSameTold('responses', answerOf([response]))
      },
    ),
  )
})

test('writes a chat completion as OpenAI does', () => {
  assert.deepEqual(
    JSON.parse(
      renderAnswer('chat-completions', stored, { ...options, stream: false, extra: { x: 1, id: 'no' } }),
    ),
    {
      x: 1,
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 5,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi 😀', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 2,
        total_tokens: 12,
        prompt_tokens_details: { cached_tokens: 4 },
      },
    },
  )
})

test('streams usage only when asked, after the last choice', () => {
  const body = renderAnswer('chat-completions', stored, { ...options, stream: true })
  assert.ok(!body.includes('usage') && body.endsWith('data: [DONE]\n\n'))
  const asked = renderAnswer('chat-completions', stored, { ...options, stream: true, includeUsage: true })
  const chunks = asked
    .split('\n\n')
    .slice(0, -2)
    .map((event) => JSON.parse(event.slice('data: '.length)))
  assert.deepEqual(
    chunks.map((chunk) => [chunk.choices.length, chunk.usage === null]),
    [
      [1, true],
      [1, true],
      [1, true],
      [0, false],
    ],
  )
  assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '' })
})

test('streams the event sequence of Anthropic', () => {
  const answer = answerOf([
    { content: 'Hi', toolCalls: [{ name: 'f', arguments: '{}' }], finishReason: 'stop' },
  ])
  const body = renderAnswer('messages', answer, { ...options, stream: true })
  assert.deepEqual(eventNames(body), [
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  assert.equal(readAnswer(body).finishReason, 'tool_use')
})

test('streams the event sequence of the Responses API with rising numbers', () => {
  const body = renderAnswer('responses', stored, { ...options, stream: true })
  assert.deepEqual(eventNames(body), [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ])
  const numbers = Array.from(body.matchAll(/"sequence_number":(\d+)/g), (match) => Number(match[1]))
  assert.deepEqual(numbers, Array.from(numbers.keys()))
})

test('translates finish reasons between formats', () => {
  const told = (endpoint: RenderableEndpoint, finishReason: string) =>
    readAnswer(
      renderAnswer(endpoint, answerOf([{ content: 'x', finishReason }]), { ...options, stream: true }),
    ).finishReason
  assert.equal(told('chat-completions', 'end_turn'), 'stop')
  assert.equal(told('chat-completions', 'MAX_TOKENS'), 'length')
  assert.equal(told('messages', 'length'), 'max_tokens')
  assert.equal(told('messages', 'completed'), 'end_turn')
  assert.equal(told('responses', 'max_tokens'), 'max_output_tokens')
  assert.equal(told('responses', 'nobody documents this'), 'completed')
})

test('keeps a stream of a large answer within bounds', () => {
  const answer = answerOf([{ content: 'word '.repeat(400_000), finishReason: 'stop' }])
  for (const endpoint of ['chat-completions', 'completions', 'responses', 'messages'] as const) {
    const body = renderAnswer(endpoint, answer, { ...options, stream: true })
    assert.ok(body.length < 16_000_000, `${endpoint}: ${body.length}`)
    assert.equal(readAnswer(body).choices[0]?.content.length, 2_000_000)
  }
})
