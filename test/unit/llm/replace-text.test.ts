import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaceText, replaceTexts } from '../../../runner/llm/index.ts'

test('replaces one text and shares the rest', () => {
  const body = {
    messages: [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ],
    tools: [{ t: 1 }],
  }
  const changed = replaceText(body, ['messages', 0, 'content'], 'x') as typeof body
  assert.deepEqual(changed.messages, [{ role: 'user', content: 'x' }, body.messages[1]])
  assert.equal(changed.messages[1], body.messages[1])
  assert.equal(changed.tools, body.tools)
  assert.equal(body.messages[0]?.content, 'a')
})

test('leaves the body alone when the path leads nowhere', () => {
  const body = { a: ['x'] }
  for (const path of [['b'], ['a', 1], ['a', 0, 'length'], ['a', 'constructor'], ['__proto__', 'x']]) {
    assert.equal(replaceText(body, path, 'y'), body)
  }
})

test('keeps a key named __proto__ a plain key', () => {
  const body: unknown = JSON.parse('{"__proto__":{"text":"a"},"b":1}')
  const changed = replaceText(body, ['__proto__', 'text'], 'x')
  assert.equal(JSON.stringify(changed), '{"__proto__":{"text":"x"},"b":1}')
  assert.equal(Object.getPrototypeOf(changed), Object.prototype)
})

test('applies many replacements in one copy', () => {
  const messages = Array.from({ length: 20_000 }, (_, i) => ({ content: `${i}` }))
  const all = messages.map((_, i) => ({ path: ['messages', i, 'content'], text: 'x' }))
  const changed = replaceTexts({ messages }, all) as { messages: { content: string }[] }
  assert.ok(changed.messages.every((message) => message.content === 'x'))
  assert.equal(messages[7]?.content, '7')
})
