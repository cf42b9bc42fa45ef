import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimatePromptTokens } from '../../../../../plugins/llm-router/rules/prompt-size.ts'

const tokens = (content: unknown) =>
  estimatePromptTokens('chat-completions', { messages: [{ role: 'user', content }] })

test('counts about four letters as a token and about one CJK character', () => {
  const english = tokens('word '.repeat(800))
  assert.ok(english > 800 && english < 1200, String(english))
  const chinese = tokens('模型路由'.repeat(250))
  assert.ok(chinese > 600 && chinese < 1300, String(chinese))
})

test('does not count the bytes of an image', () => {
  const url = `data:image/png;base64,${'A'.repeat(100_000)}`
  assert.ok(
    tokens([
      { type: 'text', text: 'what is it?' },
      { type: 'image_url', image_url: { url } },
    ]) < 50,
  )
})
