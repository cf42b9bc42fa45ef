import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restoreBody } from '../../../../../plugins/llm-router/catalogue/body-fields.ts'
import type { JsonObject } from '../../../../../runner/plugin.ts'
import { chat, run, simpleRoute } from '../support.ts'

async function sentBody(provider: object, json: JsonObject) {
  const route = simpleRoute({ p: { upstream: 'p', ...provider } }, [{ provider: 'p' }])
  const { sent, note } = await run(route, { json })
  return { body: sent.json ?? {}, restore: note?.memory?.restore ?? {} }
}

test('names the output limit as the provider wants it', async () => {
  const older = await sentBody({ type: 'deepseek' }, chat('m', { max_completion_tokens: 7 }))
  assert.deepEqual(older.body, chat('m', { max_tokens: 7 }))
  assert.deepEqual(older.restore, { max_completion_tokens: 7, max_tokens: null })
  const reasoning = await sentBody({ type: 'openai' }, chat('o3-mini', { max_tokens: 7 }))
  assert.deepEqual(reasoning.body, chat('o3-mini', { max_completion_tokens: 7 }))
  const plain = await sentBody({ type: 'openai' }, chat('gpt-4', { max_tokens: 7 }))
  assert.deepEqual(plain.body, chat('gpt-4', { max_tokens: 7 }))
})

test('keeps the field that the provider knows when the body has both', async () => {
  const { body, restore } = await sentBody(
    { type: 'deepseek' },
    chat('m', { max_completion_tokens: 7, max_tokens: 9 }),
  )
  assert.deepEqual(body, chat('m', { max_tokens: 9 }))
  assert.deepEqual(restore, { max_completion_tokens: 7 })
})

test('drops what the provider rejects, by preset or by conf', async () => {
  const gemini = await sentBody({ type: 'gemini' }, chat('m', { store: true, user: 'someone' }))
  assert.deepEqual(gemini.body, chat('m'))
  const own = await sentBody(
    { drop_fields: ['stream_options'], rename_fields: { top_k: 'topK' } },
    chat('m', { stream: true, stream_options: { include_usage: true }, top_k: 5 }),
  )
  assert.deepEqual(own.body, chat('m', { stream: true, topK: 5 }))
  assert.deepEqual(own.restore, { stream_options: { include_usage: true }, top_k: 5, topK: null })
})

test('keeps no text in the note', async () => {
  const { body, restore } = await sentBody(
    { drop_fields: ['metadata', 'user', 'suffix'] },
    chat('m', { user: 'someone', metadata: { a: 'secret' }, suffix: 'text' }),
  )
  assert.deepEqual(body, chat('m'))
  assert.deepEqual(restore, {})
})

test('gives a later pass the body that the client sent', async () => {
  const original = chat('m', { max_completion_tokens: 7, stream_options: { include_usage: true } })
  const { body, restore } = await sentBody({ type: 'deepseek', drop_fields: ['stream_options'] }, original)
  assert.notDeepEqual(body, original)
  assert.deepEqual(restoreBody(body, restore), original)
})
