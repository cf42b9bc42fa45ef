import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalRequest } from '../../../runner/llm/index.ts'

const canonical = (body: unknown) => canonicalRequest('chat-completions', body)

test('is the same for requests that ask for the same answer', () => {
  const plain = canonical({ model: 'm', messages: [{ role: 'user', content: 'q' }] })
  const dressed = {
    messages: [{ content: [{ text: 'q', type: 'text' }], role: 'user' }],
    stream: true,
    stream_options: { include_usage: true },
    user: 'u',
    metadata: { a: 1 },
    n: 1,
    stop: null,
    model: 'm',
  }
  assert.equal(canonical(dressed), plain)
})

test('differs whenever the answer may differ', () => {
  const base = { model: 'm', messages: [{ role: 'user', content: 'q' }] }
  const variants = [
    base,
    { ...base, model: 'n' },
    { ...base, temperature: 1 },
    { ...base, n: 2 },
    { ...base, seed: 1 },
    { ...base, unheard_of: 1 },
    { ...base, messages: [{ role: 'system', content: 'q' }] },
    { ...base, messages: [{ role: 'user', content: 'q ' }] },
    { ...base, messages: [{ role: 'user', content: [{ type: 'text', text: 'q', cache: 1 }] }] },
  ]
  assert.equal(new Set(variants.map(canonical)).size, variants.length)
  assert.notEqual(canonicalRequest('completions', base), canonical(base))
})

test('is valid JSON, says the same value, and does not depend on the order of keys', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, shuffled(item)]),
    )
  }
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json: unknown = JSON.parse(JSON.stringify({ x: value }))
      const text = canonical(json)
      assert.equal(canonical(shuffled(json)), text)
      assert.deepEqual(JSON.parse(text), {
        endpoint: 'chat-completions',
        request: value === null ? {} : json,
      })
    }),
  )
})

test('survives nesting that would exhaust the stack of JSON.stringify', () => {
  let deep: unknown = 'x'
  for (let i = 0; i < 50_000; i++) deep = i % 2 ? [deep] : { a: deep }
  assert.ok(canonical({ messages: deep }).length > 50_000)
})
