import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendSystemPrompt } from '../../../runner/llm/index.ts'

const user = { role: 'user', content: 'u' }
const contents = (body: unknown) =>
  (body as { messages: { role: string; content: string }[] }).messages.map((m) => `${m.role}:${m.content}`)

test('puts a chat constraint after the system prompt of the client', () => {
  const add = (messages: unknown[]) => contents(appendSystemPrompt('chat-completions', { messages }, 'T'))
  assert.deepEqual(add([user]), ['system:T', 'user:u'])
  assert.deepEqual(add([{ role: 'system', content: 's' }, user]), ['system:s', 'system:T', 'user:u'])
  assert.deepEqual(add([{ role: 'developer', content: 'd' }, user]), ['developer:d', 'developer:T', 'user:u'])
  assert.deepEqual(add([{ role: 'system', content: 's' }, user, { role: 'system', content: 'late' }, user]), [
    'system:s',
    'user:u',
    'system:late',
    'system:T',
    'user:u',
  ])
})

test('extends the system field of Anthropic as it is written', () => {
  const add = (system: unknown) =>
    (appendSystemPrompt('messages', { system, messages: [user] }, 'T') as { system: unknown }).system
  assert.equal(add(undefined), 'T')
  assert.equal(add('s'), 's\n\nT')
  assert.deepEqual(add([{ type: 'text', text: 's' }]), [
    { type: 'text', text: 's' },
    { type: 'text', text: 'T' },
  ])
})

test('extends instructions, and repeats itself after a system item of the conversation', () => {
  assert.deepEqual(appendSystemPrompt('responses', { input: 'q' }, 'T'), { input: 'q', instructions: 'T' })
  assert.deepEqual(appendSystemPrompt('responses', { instructions: 'i', input: [user] }, 'T'), {
    instructions: 'i\n\nT',
    input: [user],
  })
  assert.deepEqual(
    appendSystemPrompt('responses', { input: [{ role: 'developer', content: 'd' }, user] }, 'T'),
    {
      instructions: 'T',
      input: [
        { role: 'developer', content: 'd' },
        { type: 'message', role: 'developer', content: 'T' },
        user,
      ],
    },
  )
})

test('stands before each text prompt and leaves tokens, embeddings and odd shapes alone', () => {
  assert.deepEqual(appendSystemPrompt('completions', { prompt: 'p' }, 'T'), { prompt: 'T\n\np' })
  assert.deepEqual(appendSystemPrompt('completions', { prompt: ['p', [1]] }, 'T'), {
    prompt: ['T\n\np', [1]],
  })
  for (const body of [{ input: 'x' }, null, 3, { messages: 'no' }]) {
    assert.equal(appendSystemPrompt('embeddings', body, 'T'), body)
  }
  const odd = { messages: 'no' }
  assert.equal(appendSystemPrompt('chat-completions', odd, 'T'), odd)
})

test('never changes the body it was given', () => {
  const body = Object.freeze({
    messages: Object.freeze([Object.freeze({ role: 'system', content: 's' }), user]),
  })
  appendSystemPrompt('chat-completions', body, 'T')
  assert.equal(body.messages.length, 2)
})
