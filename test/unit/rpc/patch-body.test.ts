import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../runner/json.ts'
import { appendSystemPrompt, replaceTexts } from '../../../runner/llm/index.ts'
import { patchBody } from '../../../runner/rpc/patch-body.ts'
import { spliceBody } from '../../../runner/rpc/splice-body.ts'

const patched = (text: string, change: JsonObject) => {
  const before = JSON.parse(text) as JsonObject
  return patchBody(Buffer.from(text), before, { ...before, ...change }).toString()
}

test('exchanges a text and adds fields, and leaves every other byte as it came', () => {
  const text =
    '{ "messages" : [ {"content": "Gr\\u1234ße \\"model\\"", "n": 1.0e0} ],\n "model" :\t"gpt-4" , "n":1 } '
  assert.equal(
    patched(text, { model: 'qwen-max', stream_options: { include_usage: true } }),
    text.replace('"gpt-4"', '"qwen-max"').replace(' } ', ' ,"stream_options":{"include_usage":true}}'),
  )
  assert.equal(patched('{"model":"a"}', { model: 'b' }), '{"model":"b"}')
  assert.equal(patched('{"a":1}', { b: 2 }), '{"a":1,"b":2}')
})

for (const [what, text] of [
  ['a name that comes deeper too', '{"x":{"model":"a"},"n":1.0,"model":"a"}'],
  ['a name that is a text elsewhere', '{"x":[{"role":"model"}],"n":1.0,"model":"a"}'],
  ['a text in escapes', '{"n":1.0,"model":"a\\/b"}'],
  ['a value that is no text', '{"n":1.0,"model":["a"]}'],
] as const) {
  test(`${what}: the value at the top is the one that changes, and all else stays as it came`, () => {
    const { n, ...rest } = JSON.parse(text)
    assert.deepEqual(JSON.parse(patched(text, { model: 'c' })), { ...rest, n, model: 'c' })
    assert.equal(patched(text, { model: 'c' }).match(/"c"/g)?.length, 1)
    assert.match(patched(text, { model: 'c' }), /1\.0/)
  })
}

for (const [what, text] of [
  ['a name that comes twice', '{"model":"a","n":1.0,"model":"a"}'],
  ['a name in escapes', '{"model":"a","n":1.0,"\\u006dodel":"b"}'],
] as const) {
  test(`${what} is written anew: nobody may choose which of two models is read`, () => {
    const { n, ...rest } = JSON.parse(text)
    assert.deepEqual(JSON.parse(patched(text, { model: 'c' })), { ...rest, n, model: 'c' })
    assert.equal(patched(text, { model: 'c' }).match(/"c"/g)?.length, 1)
    assert.doesNotMatch(patched(text, { model: 'c' }), /1\.0/)
  })
}

test('keeps numbers, escapes and the order of fields around a text that changes deep inside', () => {
  const text =
    '{"seed":9007199254740993,"messages":[{"content":[{"input":{"id":1541815603606036481,"q":"\\u0061"},"text":"x"}],"role":"user"},{"role":"user","content":"y"}],"top_p":1.0}'
  const before = JSON.parse(text)
  const masked = replaceTexts(before, [
    { path: ['messages', 0, 'content', 0, 'text'], text: '[EMAIL]' },
    { path: ['messages', 1, 'content'], text: 'z' },
  ])
  const wanted = text.replace('"x"', '"[EMAIL]"').replace('"y"', '"z"')
  assert.equal(patchBody(Buffer.from(text), before, masked).toString(), wanted)
  const constrained = appendSystemPrompt('chat-completions', masked, 'Be brief.')
  assert.equal(
    patchBody(Buffer.from(text), before, constrained).toString(),
    wanted.replace('"messages":[', '"messages":[{"role":"system","content":"Be brief."},'),
  )
})

test('a field that goes, and more than one that changes, are written anew', () => {
  const before = { a: 'x', b: 'y' }
  const body = Buffer.from(JSON.stringify(before))
  assert.equal(patchBody(body, before, { a: 'x' }).toString(), '{"a":"x"}')
  assert.equal(patchBody(body, before, { a: 'x', b: undefined }).toString(), '{"a":"x"}')
  assert.equal(patchBody(body, before, { a: '1', b: '2' }).toString(), '{"a":"1","b":"2"}')
  assert.equal(patchBody(Buffer.from(' {} '), {}, { a: 1 }).toString(), '{"a":1}')
})

test('always says what was meant', () => {
  const name = fc.constantFrom('model', 'a', 'b', '__proto__x', 'c"d', 'é', '}')
  const object = fc.dictionary(
    name,
    fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.constant('model')),
  )
  fc.assert(
    fc.property(object, object, fc.constantFrom(0, 2), (before, change, indent) => {
      const text = JSON.stringify(before, undefined, indent)
      const parsed = JSON.parse(text) as JsonObject
      const after = { ...parsed, ...change }
      const got = JSON.parse(patchBody(Buffer.from(text), parsed, after).toString())
      assert.deepEqual(got, JSON.parse(JSON.stringify(after)))
    }),
    { numRuns: 2000 },
  )
})

test('says what was meant wherever texts are exchanged and items put in', () => {
  const paths = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) =>
          paths(item, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : [path]
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
      fc.infiniteStream(fc.boolean()),
      fc.array(fc.jsonValue(), { maxLength: 3 }),
      fc.constantFrom(0, 1),
      (value, coin, list, indent) => {
        const text = JSON.stringify({ ...value, messages: list }, undefined, indent)
        const before = JSON.parse(text) as JsonObject
        const changes = paths(before).filter(() => coin.next().value)
        const changed = replaceTexts(
          before,
          changes.map((path) => ({ path, text: 'n' })),
        ) as JsonObject
        const items = Array.isArray(changed.messages) ? changed.messages : []
        const after = { ...changed, messages: [...items.slice(0, 1), { role: 'system' }, ...items.slice(1)] }
        const got = JSON.parse(patchBody(Buffer.from(text), before, after).toString())
        assert.deepEqual(got, JSON.parse(JSON.stringify(after)))
      },
    ),
    { numRuns: 2000 },
  )
})

/** The same bytes, of which each one that is looked at by its place is counted. */
function counted(bytes: Buffer): { body: Buffer; looks: () => number } {
  let looks = 0
  const body = new Proxy(bytes, {
    get: (target, key) => {
      if (typeof key === 'string' && /^\d/.test(key)) looks++
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { body, looks: () => looks }
}

test('looks at no byte once more for each level that it stands in', () => {
  const nested = (levels: number, value: unknown): unknown =>
    levels === 0 ? value : { kept: 1, inner: nested(levels - 1, value) }
  const deep = (value: string): JsonObject => ({ kept: 1, other: 1.5, inner: nested(90, value) })
  const withSpaces = (json: JsonObject) =>
    Buffer.from(JSON.stringify(json).replace('"secret"', `${' '.repeat(20_000)}"secret"`))
  const { body, looks } = counted(withSpaces(deep('secret')))
  const before = JSON.parse(body.toString()) as JsonObject
  assert.deepEqual(JSON.parse(spliceBody(body, before, deep('[MASKED]')).toString()), deep('[MASKED]'))
  assert.ok(looks() > 20_000 && looks() < 8 * body.length, `${looks() / body.length} looks at a byte`)
})
