import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI from 'openai'
import { startEmbeddings } from '../../support/servers/embeddings.ts'

const sets = [
  [
    'How do I reset my password?',
    'I forgot my password, how can I change it?',
    'What is the weather in Paris today?',
  ],
  ['如何重置我的密码？', '我忘了密码，怎么修改？', '今天北京的天气怎么样？'],
  ['How do I reset my password?', '如何重置我的密码？', '今天北京的天气怎么样？'],
]

test('puts a paraphrase closer than another question, in English, in Chinese and across both', async (t) => {
  const server = await startEmbeddings()
  t.after(() => server.stop())
  const client = new OpenAI({ baseURL: server.url, apiKey: 'none' })
  for (const input of sets) {
    const { data, usage } = await client.embeddings.create({ model: server.model, input })
    assert.ok(usage.total_tokens > 0)
    const [text, paraphrase, other] = data.map(({ embedding }) => embedding)
    assert.ok(text && paraphrase && other)
    assert.equal(text.length, server.dimensions)
    assert.ok(Math.abs(cosine(text, text) - 1) < 1e-4, 'vectors come with length 1')
    assert.ok(cosine(text, paraphrase) > cosine(text, other) + 0.05)
  }
})

function cosine(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)
}
