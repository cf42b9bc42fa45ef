import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastUserPart } from '../../../../plugins/semantic-cache/key.ts'
import type { JsonObject } from '../../../../runner/plugin.ts'
import { type Asked, answerBody, CHAT, chat, openCache } from './support.ts'

const QUESTION = 'What does our contract with Initech say about penalties?'

/** Pairs of requests whose answers differ, although they look alike. */
const DIFFERENT: readonly { name: string; one: Asked; other: Asked; conf?: JsonObject }[] = [
  {
    name: 'deployments of Azure, which the path names',
    one: { path: '/openai/deployments/big/chat/completions', json: chat(QUESTION) },
    other: { path: '/openai/deployments/small/chat/completions', json: chat(QUESTION) },
  },
  {
    name: 'a header that the conf writes as its documentation does',
    one: { headers: { 'OpenAI-Beta': 'a=1' }, json: chat(QUESTION) },
    other: { headers: { 'OpenAI-Beta': 'a=2' }, json: chat(QUESTION) },
    conf: { key_headers: ['OpenAI-Beta'] },
  },
  {
    name: 'who said it before, and who is silent',
    one: { json: turns([QUESTION, 'Ten percent.', '']) },
    other: { json: turns(['', 'Ten percent.', QUESTION]) },
  },
  {
    name: 'a name and a question',
    one: { json: { model: 'gpt-4o', messages: [{ role: 'user', name: QUESTION, content: '' }] } },
    other: { json: { model: 'gpt-4o', messages: [{ role: 'user', name: '', content: QUESTION }] } },
  },
  {
    name: 'a prompt and the same with a space, after which another word comes',
    one: { path: '/v1/completions', json: { model: 'm', prompt: 'Hello, my name is' } },
    other: { path: '/v1/completions', json: { model: 'm', prompt: 'Hello, my name is ' } },
  },
  {
    name: 'what follows the gap',
    one: { path: '/v1/completions', json: { model: 'm', prompt: 'def f(', suffix: 'return x' } },
    other: { path: '/v1/completions', json: { model: 'm', prompt: 'def f(', suffix: 'return X' } },
  },
]

function turns(texts: readonly string[]): JsonObject {
  const messages = texts.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))
  return { model: 'gpt-4o', messages }
}

for (const { name, one, other, conf } of DIFFERENT) {
  test(`tells apart ${name}`, async (t) => {
    const cache = await openCache(t)
    const format = one.path === '/v1/completions' ? one.path : CHAT
    await cache.answer(await cache.ask(one, conf), answerBody(format, 'Ten percent.'))
    assert.equal((await cache.ask(one, conf)).cache, 'HIT')
    assert.equal((await cache.ask(other, conf)).cache, 'MISS')
  })
}

test('where a router has resolved the model, the path to its provider does not matter', async (t) => {
  const cache = await openCache(t)
  const notes = {
    'llm-router': { requested_model: 'auto', attempts: [], tier: 'basic', fallback_reason: null },
  }
  await cache.fetch({ path: '/v1/chat/completions', json: chat(QUESTION), notes }, 'Ten percent.')
  const elsewhere = { path: '/openai/deployments/gpt-4o/chat/completions', json: chat(QUESTION), notes }
  assert.equal((await cache.ask(elsewhere)).cache, 'HIT')
})

test('the question is the last text of a user, wherever a format puts it', () => {
  const user = (content: JsonObject['content']) => ({ role: 'user', content })
  const text = (...texts: string[]) => texts.map((one) => ({ type: 'text', text: one }))
  const asked = (endpoint: Parameters<typeof lastUserPart>[0], json: JsonObject) => {
    const part = lastUserPart(endpoint, json)
    return part && [part.text, part.path.join('.')]
  }
  const chatOf = (...messages: JsonObject[]) => asked('chat-completions', { messages })
  assert.deepEqual(chatOf(user('a'), { role: 'assistant', content: 'b' }), ['a', 'messages.0.content'])
  assert.deepEqual(chatOf(user(text('a', 'b'))), ['b', 'messages.0.content.1.text'])
  assert.deepEqual(chatOf(user('a'), { role: 'observation', content: 'b' }), ['a', 'messages.0.content'])
  assert.equal(chatOf({ role: 'user', name: 'Ann', content: '' }), undefined)
  assert.deepEqual(asked('responses', { input: 'a', instructions: 'b' }), ['a', 'input'])
  assert.deepEqual(asked('responses', { input: ['a', user('b')] }), ['b', 'input.1.content'])
  assert.equal(asked('responses', { prompt: { id: 'p', variables: { city: 'Paris' } } }), undefined)
  assert.equal(asked('completions', { prompt: 'a' }), undefined)
})

test('a statement under a system prompt is data: only the same words are served', async (t) => {
  const cache = await openCache(t)
  const statement =
    'The old stone bridge crosses the wide river near the market of a small town in the hills of farmers'
  const asked = (content: string, system?: string): Asked => ({
    headers: { 'x-cache-threshold': '0.5', 'x-cache-debug': '1' },
    json: {
      model: 'gpt-4o',
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        { role: 'user', content },
      ],
    },
  })
  // To the lexical embedder the two are more than 0.8 alike: counted from this threshold, near enough for one word more.
  const conf = { threshold: 0.5, min_threshold: 0.5 }
  const reasons = []
  for (const system of [undefined, 'Translate into French.']) {
    await cache.fetch(asked(statement, system), 'Le vieux pont ...', conf)
    const changed = await cache.ask(asked(`${statement} gracefully`, system), conf)
    reasons.push(changed.reason)
  }
  assert.deepEqual(reasons, ['semantic', 'rejected_content'])
})
