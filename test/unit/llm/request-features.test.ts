import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { includeUsage, requestFeatures } from '../../../runner/llm/index.ts'

test('reads what a chat asks for', () => {
  const body = {
    model: 'm',
    stream: true,
    n: 2,
    temperature: 0,
    max_completion_tokens: 9,
    tools: [{}],
    logprobs: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'user', content: [{ type: 'image_url' }, { type: 'input_audio' }] },
      { role: 'tool', content: 'x' },
    ],
  }
  assert.deepEqual(requestFeatures('chat-completions', body), {
    model: 'm',
    stream: true,
    n: 2,
    temperature: 0,
    maxTokens: 9,
    hasTools: true,
    hasToolResults: true,
    hasImages: true,
    hasAudio: true,
    logprobs: true,
    wantsUsage: true,
  })
})

test('has modest defaults and takes wrong types for absent', () => {
  const plain = {
    stream: false,
    n: 1,
    hasTools: false,
    hasToolResults: false,
    hasImages: false,
    hasAudio: false,
    logprobs: false,
    wantsUsage: false,
  }
  assert.deepEqual(requestFeatures('chat-completions', null), plain)
  assert.deepEqual(
    requestFeatures('messages', { model: 1, n: -3, stream: 'yes', temperature: '0', tools: {} }),
    plain,
  )
})

test('sees tool results and images inside nested content', () => {
  const messages = [{ role: 'user', content: [{ type: 'tool_result', content: [{ type: 'image' }] }] }]
  const features = requestFeatures('messages', { messages })
  assert.ok(features.hasToolResults && features.hasImages)
  const input = [{ type: 'function_call_output', output: [{ type: 'input_image' }] }]
  const response = requestFeatures('responses', { input, max_output_tokens: 5 })
  assert.ok(response.hasToolResults && response.hasImages)
  assert.equal(response.maxTokens, 5)
})

test('asks for usage only in streams, and only once', () => {
  const stream = { stream: true, stream_options: { include_obfuscation: false } }
  assert.deepEqual(includeUsage(stream), {
    stream: true,
    stream_options: { include_obfuscation: false, include_usage: true },
  })
  assert.deepEqual(stream.stream_options, { include_obfuscation: false })
  for (const body of [
    { stream: false },
    {},
    null,
    { stream: true, stream_options: { include_usage: true } },
  ]) {
    assert.equal(includeUsage(body), body)
  }
})

test('never throws on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => void requestFeatures('chat-completions', { messages: value })),
  )
})

test('notes files, videos and parts that nobody knows, also among variables of a prompt', () => {
  const others = (content: unknown) =>
    requestFeatures('messages', { messages: [{ role: 'user', content }] }).hasOthers
  for (const type of ['document', 'video_url', 'input_file', 'search_result'])
    assert.equal(others([{ type }]), true)
  assert.equal(others([{ image: 'data:' }]), true)
  assert.equal(others([{ type: 'text', text: 'a' }, { text: 'b' }, 'c', { type: 'tool_use' }]), undefined)
  const prompt = { id: 'p', variables: { city: 'Paris', report: { type: 'input_file', file_id: 'f' } } }
  assert.equal(requestFeatures('responses', { prompt }).hasOthers, true)
})
