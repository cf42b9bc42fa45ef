import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerChoice } from '../../../runner/llm/index.ts'
import { readAnswer, readUsage } from '../../../runner/llm/index.ts'

const sse = (...events: unknown[]) =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
const chunk = (choices: unknown[], more: object = {}) => ({
  object: 'chat.completion.chunk',
  id: 'c',
  model: 'm',
  choices,
  ...more,
})
const delta = (content: object, index = 0, finish_reason: string | null = null) => ({
  index,
  delta: content,
  finish_reason,
})
const first = (body: string): AnswerChoice | undefined => readAnswer(body).choices[0]

test('assembles several choices of a streamed chat', () => {
  const answer = readAnswer(
    sse(
      chunk([delta({ role: 'assistant', content: '' })]),
      chunk([delta({ content: 'B' }, 1)]),
      chunk([delta({ content: 'A' })]),
      chunk([delta({ content: 'a' }, 0, 'stop'), delta({ content: 'b' }, 1, 'length')]),
      chunk([], { usage: { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 } }),
      '[DONE]',
    ),
  )
  assert.deepEqual(answer, {
    api: 'openai-chat',
    stream: true,
    model: 'm',
    usage: { promptTokens: 1, completionTokens: 4, totalTokens: 5 },
    complete: true,
    finishReason: 'stop',
    choices: [
      { index: 0, role: 'assistant', content: 'Aa', finishReason: 'stop' },
      { index: 1, role: 'assistant', content: 'Bb', finishReason: 'length' },
    ],
    id: 'c',
    brokenEvents: 0,
  })
})

test('assembles tool calls, also when a provider gives all of them the same index', () => {
  const call = (more: object) => chunk([delta({ tool_calls: [more] })])
  const openAi = sse(
    call({ index: 0, id: 'a', function: { name: 'f', arguments: '' } }),
    call({ index: 0, function: { arguments: '{"x":' } }),
    call({ index: 1, id: 'b', function: { name: 'g', arguments: '{}' } }),
    call({ index: 0, function: { arguments: '1}' } }),
  )
  const gemini = sse(
    call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } }),
    call({ index: 0, id: 'b', function: { name: 'g', arguments: '{}' } }),
  )
  for (const body of [openAi, gemini]) {
    assert.deepEqual(first(body)?.toolCalls, [
      { id: 'a', name: 'f', arguments: '{"x":1}' },
      { id: 'b', name: 'g', arguments: '{}' },
    ])
  }
})

test('reads content in parts, reasoning under both names, refusals and audio transcripts', () => {
  const message = (content: object) =>
    JSON.stringify({ object: 'chat.completion', choices: [{ index: 0, message: content }] })
  const parts = [
    { type: 'thinking', thinking: [{ type: 'text', text: 't' }] },
    { type: 'text', text: 'x' },
  ]
  assert.deepEqual(first(message({ content: parts })), {
    index: 0,
    role: 'assistant',
    content: 'x',
    reasoning: 't',
  })
  assert.equal(first(message({ content: 'x', reasoning_content: 'r' }))?.reasoning, 'r')
  assert.equal(first(message({ content: 'x', reasoning: 'r' }))?.reasoning, 'r')
  assert.equal(first(message({ content: null, refusal: 'no' }))?.refusal, 'no')
  assert.equal(first(message({ content: null, audio: { transcript: 'said' } }))?.content, 'said')
})

test('reads legacy completions, whole and streamed', () => {
  const whole = { object: 'text_completion', choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] }
  assert.equal(readAnswer(JSON.stringify(whole)).api, 'openai-completions')
  const streamed = sse(
    { object: 'text_completion', choices: [{ index: 0, text: 'h' }] },
    { object: 'text_completion', choices: [{ index: 0, text: 'i', finish_reason: 'stop' }] },
  )
  assert.equal(first(streamed)?.content, 'hi')
  assert.equal(first(JSON.stringify(whole))?.content, 'hi')
})

test('takes the last usage of a stream, wherever the provider puts it', () => {
  const usage = (n: number) => ({ prompt_tokens: 1, completion_tokens: n, total_tokens: n + 1 })
  const completion = (body: string) => readUsage(body).usage?.completionTokens
  assert.equal(
    completion(
      sse(chunk([], { usage: usage(1) }), chunk([], { usage: usage(2) }), chunk([], { usage: null })),
    ),
    2,
  )
  assert.equal(completion(sse(chunk([delta({})], { x_groq: { usage: usage(3) } }))), 3)
  assert.equal(completion(sse(chunk([{ ...delta({}, 0, 'stop'), usage: usage(4) }]))), 4)
})

test('keeps the beginning of a cut stream and says that it is not complete', () => {
  const body = sse(chunk([delta({ content: 'Hel' })]), chunk([delta({ content: 'lo' })]))
  const answer = readAnswer(body.slice(0, -20))
  assert.equal(answer.complete, false)
  assert.equal(answer.choices[0]?.content, 'Hel')
  assert.equal(answer.brokenEvents, 1)
})

test('counts broken events and goes on', () => {
  const body = `data: {broken}\n\n${sse(chunk([delta({ content: 'x' }, 0, 'stop')]), '[DONE]')}`
  const answer = readAnswer(body)
  assert.equal(answer.brokenEvents, 1)
  assert.equal(answer.choices[0]?.content, 'x')
  assert.ok(answer.complete)
})

test('reads events that are not separated by blank lines', () => {
  const body = sse(chunk([delta({ content: 'a' })]), chunk([delta({ content: 'b' }, 0, 'stop')])).replaceAll(
    '\n\n',
    '\n',
  )
  assert.equal(first(body)?.content, 'ab')
})

test('reads an error in mid-stream of every format', () => {
  const cases: [string, object][] = [
    [
      sse(chunk([delta({ content: 'x' })], { error: { code: 400, message: 'm' } })),
      { code: '400', message: 'm' },
    ],
    [sse({ error: { message: 'm', type: 't', code: null } }), { type: 't', message: 'm' }],
    [
      `event: error\n${sse({ type: 'error', error: { type: 'overloaded_error', message: 'm' } })}`,
      { type: 'overloaded_error', message: 'm' },
    ],
    [
      sse(
        { type: 'response.created', response: { object: 'response', status: 'in_progress' } },
        { type: 'error', code: 'c', message: 'm' },
      ),
      { type: 'error', code: 'c', message: 'm' },
    ],
    [
      sse({
        type: 'response.failed',
        response: { object: 'response', status: 'failed', error: { code: 'c', message: 'm' } },
      }),
      { code: 'c', message: 'm' },
    ],
    ['event: error\ndata: upstream went away\n\n', { message: 'upstream went away' }],
    ['{"model":"m","response":"x","done":false}\n{"error":"m"}\n', { message: 'm' }],
    [
      'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"InvalidParameter","message":"m","request_id":"r"}\n\n',
      { code: 'InvalidParameter', message: 'm' },
    ],
  ]
  for (const [body, error] of cases) {
    assert.deepEqual(readAnswer(body).error, error)
    assert.deepEqual(readUsage(body).error, error)
  }
})

test('reads error bodies of every format', () => {
  const cases: [string, object][] = [
    ['{"error":{"message":"m","type":"t","param":null,"code":"c"}}', { type: 't', code: 'c', message: 'm' }],
    ['{"type":"error","error":{"type":"t","message":"m"},"request_id":"r"}', { type: 't', message: 'm' }],
    [
      '[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]',
      { type: 'INVALID_ARGUMENT', code: '400', message: 'm' },
    ],
    ['{"error":"m"}', { message: 'm' }],
    ['{"object":"error","message":"m","type":"t","code":40001}', { type: 't', code: '40001', message: 'm' }],
    ['{"code":"InvalidApiKey","message":"m","request_id":"r"}', { code: 'InvalidApiKey', message: 'm' }],
  ]
  for (const [body, error] of cases) {
    const answer = readAnswer(body, { status: 400 })
    assert.deepEqual(answer.error, error)
    assert.equal(answer.usage, undefined)
    assert.deepEqual(answer.choices, [])
  }
  assert.deepEqual(readAnswer('<html>', { status: 502 }).error, { code: '502' })
  assert.deepEqual(readAnswer('{"error_msg":"no route"}', { status: 404 }).error, {
    code: '404',
    message: 'no route',
  })
  assert.equal(readAnswer('', { status: 200 }).error, undefined)
})

test('reads an Anthropic message, whole and streamed', () => {
  const usage = { input_tokens: 3, output_tokens: 1 }
  const streamed = sse(
    { type: 'message_start', message: { id: 'i', model: 'm', role: 'assistant', content: [], usage } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
    { type: 'ping' },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'hi' } },
    {
      type: 'content_block_start',
      index: 2,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a"' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: ':1}' } },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  )
  const whole = JSON.stringify({
    type: 'message',
    id: 'i',
    model: 'm',
    role: 'assistant',
    stop_reason: 'tool_use',
    usage: { input_tokens: 3, output_tokens: 9 },
    content: [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'hi' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
    ],
  })
  const expected = {
    api: 'anthropic',
    model: 'm',
    id: 'i',
    usage: { promptTokens: 3, completionTokens: 9, totalTokens: 12 },
    complete: true,
    finishReason: 'tool_use',
    choices: [
      {
        index: 0,
        role: 'assistant',
        content: 'hi',
        reasoning: 'hm',
        toolCalls: [{ id: 't', name: 'f', arguments: '{"a":1}' }],
        finishReason: 'tool_use',
      },
    ],
    brokenEvents: 0,
  }
  assert.deepEqual(readAnswer(streamed), { ...expected, stream: true })
  assert.deepEqual(readAnswer(whole), { ...expected, stream: false })
})

test('reads a response, finished and cut off in mid-stream', () => {
  const response = {
    object: 'response',
    id: 'r',
    model: 'm',
    created_at: 5,
    status: 'completed',
    output: [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'hi' }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ],
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  }
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
    { type: 'response.output_text.delta', delta: 'h' },
    { type: 'response.output_text.delta', delta: 'i' },
    {
      type: 'response.output_item.added',
      item: { type: 'function_call', id: 'x', call_id: 'c', name: 'f', arguments: '' },
    },
    { type: 'response.function_call_arguments.delta', item_id: 'x', delta: '{}' },
  ]
  const choice = {
    index: 0,
    role: 'assistant',
    content: 'hi',
    reasoning: 'hm',
    toolCalls: [{ id: 'c', name: 'f', arguments: '{}' }],
  }
  const whole = readAnswer(JSON.stringify(response))
  assert.deepEqual(whole.choices, [{ ...choice, finishReason: 'completed' }])
  const finished = readAnswer(sse(...events, { type: 'response.completed', response }))
  assert.deepEqual({ ...finished, stream: false }, whole)
  const cut = readAnswer(sse(...events))
  assert.deepEqual(cut.choices, [choice])
  assert.equal(cut.complete, false)
  assert.equal(readAnswer(JSON.stringify({ ...response, status: 'in_progress' })).complete, false)
})

test('tells streams of DashScope that repeat themselves from those that do not', () => {
  const event = (text: string, finish_reason = 'null') => ({
    output: { choices: [{ message: { role: 'assistant', content: text }, finish_reason }] },
    usage: { input_tokens: 1, output_tokens: text.length, total_tokens: 1 + text.length },
    request_id: 'r',
  })
  assert.equal(first(sse(event('a'), event('ab'), event('abc', 'stop')))?.content, 'abc')
  assert.equal(first(sse(event('a'), event('ab'), event('c'), event('', 'stop')))?.content, 'aabc')
  const answer = readAnswer(sse(event('a'), event('ab', 'stop')))
  assert.deepEqual(
    [answer.api, answer.complete, answer.finishReason, answer.id],
    ['dashscope', true, 'stop', 'r'],
  )
})

test('reads Gemini, whole, streamed and as an array', () => {
  const part = (text: string, more: object = {}) => ({
    candidates: [{ content: { parts: [{ text }], role: 'model' }, ...more }],
    modelVersion: 'g',
    usageMetadata: {
      promptTokenCount: 1,
      candidatesTokenCount: text.length,
      totalTokenCount: 1 + text.length,
    },
  })
  const pieces = [part('a'), part('bc', { finishReason: 'STOP' })]
  for (const body of [sse(...pieces), JSON.stringify(pieces)]) {
    const answer = readAnswer(body)
    assert.equal(answer.choices[0]?.content, 'abc')
    assert.equal(answer.usage?.completionTokens, 2)
    assert.ok(answer.complete && answer.stream)
  }
  const blocked = readAnswer('{"promptFeedback":{"blockReason":"SAFETY"}}')
  assert.deepEqual([blocked.api, blocked.finishReason], ['gemini', 'SAFETY'])
})

test('reads the lines of Ollama', () => {
  const body = [
    {
      model: 'm',
      created_at: '2025-05-19T09:26:59.678947Z',
      message: { role: 'assistant', content: 'h', thinking: 't' },
      done: false,
    },
    {
      model: 'm',
      message: { content: 'i', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] },
      done: false,
    },
    {
      model: 'm',
      message: { content: '' },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 1,
      eval_count: 2,
    },
  ].map((line) => JSON.stringify(line))
  const answer = readAnswer(body.join('\n'))
  assert.deepEqual(answer.choices, [
    {
      index: 0,
      role: 'assistant',
      content: 'hi',
      reasoning: 't',
      toolCalls: [{ name: 'f', arguments: '{"a":1}' }],
      finishReason: 'stop',
    },
  ])
  assert.equal(answer.created, 1747646819)
  assert.equal(readAnswer(body.slice(0, 2).join('\n')).complete, false)
})

test('reads the frame of a large embeddings body like a small one', () => {
  const make = (n: number) =>
    JSON.stringify({
      object: 'list',
      data: [0, 1].map((index) => ({
        object: 'embedding',
        index,
        embedding: Array.from({ length: n }, () => 0.5),
      })),
      model: 'e',
      usage: { prompt_tokens: 4, total_tokens: 4 },
    })
  assert.deepEqual(readAnswer(make(30_000)), readAnswer(make(2)))
  assert.deepEqual(readAnswer(make(2)).usage, { promptTokens: 4, completionTokens: 0, totalTokens: 4 })
  assert.equal(readAnswer(make(30_000).slice(0, -9)).complete, false)
})

test('believes a hint only where the body is silent', () => {
  assert.equal(readAnswer('{}', { api: 'anthropic' }).api, 'anthropic')
  assert.equal(
    readAnswer('{"object":"chat.completion","choices":[]}', { api: 'anthropic' }).api,
    'openai-chat',
  )
  assert.deepEqual(readAnswer(''), {
    api: 'unknown',
    stream: false,
    complete: false,
    choices: [],
    brokenEvents: 0,
  })
})

test('notes what an answer holds beside its text, in every format', () => {
  const chat = (message: object, own: object = {}) => ({
    ...{ object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] },
    ...own,
  })
  const claude = (...content: object[]) => ({
    type: 'message',
    role: 'assistant',
    content,
    stop_reason: 'end_turn',
  })
  const response = (...output: object[]) => ({ object: 'response', status: 'completed', output })
  const said = (annotations: object[]) => ({
    ...{ type: 'message', role: 'assistant' },
    content: [{ type: 'output_text', text: 'a', annotations }],
  })
  const plain = [
    chat({ content: 'a', annotations: [], audio: null, reasoning_content: 'b' }, { citations: [] }),
    chat({ content: [{ type: 'text', text: 'a' }] }),
    claude({ type: 'thinking', thinking: 'b' }, { type: 'text', text: 'a', citations: null }),
    response({ type: 'reasoning', summary: [] }, said([])),
  ]
  const rich = [
    chat({ content: 'a', annotations: [{ type: 'url_citation' }] }),
    chat({ content: 'a' }, { citations: ['https://provider.example/'] }),
    chat({ content: null, audio: { id: 'x', transcript: 'a' } }),
    chat({ content: 'a', images: [{ type: 'image_url' }] }),
    chat({ content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] }),
    claude({ type: 'text', text: 'a', citations: [{ type: 'char_location' }] }),
    claude({ type: 'server_tool_use', name: 'web_search' }, { type: 'text', text: 'a' }),
    response({ type: 'web_search_call' }, said([])),
    response(said([{ type: 'url_citation' }])),
    response({ type: 'reasoning', summary: [], encrypted_content: 'x' }, said([])),
  ]
  const extras = (body: object) => readAnswer(JSON.stringify(body)).choices[0]?.extras
  for (const body of plain) assert.equal(extras(body), undefined, JSON.stringify(body))
  for (const body of rich) assert.equal(extras(body), true, JSON.stringify(body))
  const events = [
    { type: 'message_start', message: { role: 'assistant', content: [] } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: {} } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
    { type: 'message_stop' },
  ]
  const stream = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  assert.equal(readAnswer(stream).choices[0]?.extras, true)
})
