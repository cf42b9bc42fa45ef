import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { canonicalRequest } from '../../../runner/llm/index.ts'
import { MAX_JSON_DEPTH } from '../../../runner/rpc/json-complexity.ts'

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

test('is the same whatever the order of keys, and another for another value', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, shuffled(item)]),
    )
  }
  const json = fc.jsonValue({ stringUnit: fc.constantFrom(...'ab,:"[]{}1\u0000\ud800é') })
  const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify({ x: [value] }))
  fc.assert(
    fc.property(json, json, (one, other) => {
      const [a, b] = [parsed(one), parsed(other)]
      assert.equal(canonical(shuffled(a)), canonical(a))
      assert.equal(canonical(a) === canonical(b), isDeepStrictEqual(a, b))
    }),
  )
})

test('is not confused by texts that look like its own notation', () => {
  const bodies: unknown[] = [
    { x: ['a', 'b'] },
    { x: ['a,1"b'] },
    { x: ['a', 'b', ''] },
    { x: [1, 5] },
    { x: [15] },
    { x: ['15'] },
    { x: [null] },
    { x: ['null'] },
    { x: {} },
    { x: [] },
    { x: '{}' },
    { x: { a: 1, b: 2 } },
    { x: { 'a"1': 1, b: 2 } },
    { x: { a: '1,1"b2' } },
  ]
  assert.equal(new Set(bodies.map(canonical)).size, bodies.length)
})

test('takes the deepest body that the runner lets through', () => {
  let deep: unknown = 'x'
  for (let i = 0; i < MAX_JSON_DEPTH; i++) deep = i % 2 ? [deep] : { a: deep }
  assert.ok(canonical({ messages: deep }).length > MAX_JSON_DEPTH)
})
