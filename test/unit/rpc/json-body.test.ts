import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJsonBody } from '../../../runner/rpc/json-body.ts'
import { MAX_JSON_DEPTH, MAX_JSON_NAMES, MAX_JSON_STRINGS } from '../../../runner/rpc/json-complexity.ts'

const limits = { maxBodyBytes: 100_000, maxJsonValues: 1000 }
const parse = (text: string) => parseJsonBody(Buffer.from(text), limits)
const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

test('gives the object that the body says', () => {
  assert.deepEqual(parse('{"model":"m","n":[1,{"x":"€"}]}'), { model: 'm', n: [1, { x: '€' }] })
})

test('refuses what is no JSON object, without quoting it', () => {
  for (const text of ['', '{', 'null', '[]', '"text"', '1', 'secret prompt']) {
    assert.throws(
      () => parse(text),
      (error: Error & { code?: string }) =>
        error.code === 'BODY_INVALID' && !error.message.includes('secret'),
      text,
    )
  }
})

test('refuses bytes that are no UTF-8, also between the letters of a text', () => {
  const body = Buffer.from('{"text":"ig?nore"}')
  for (const byte of [0xff, 0xc3, 0x80]) {
    body[body.indexOf('?') < 0 ? 11 : body.indexOf('?')] = byte
    assert.throws(() => parseJsonBody(body, limits), { code: 'BODY_INVALID', message: /UTF-8/ })
  }
})

test('refuses more bytes than allowed before it looks at them', () => {
  assert.throws(() => parse(' '.repeat(100_001)), { code: 'BODY_TOO_LARGE', message: /100001 bytes.*100000/ })
})

test('takes the deepest nesting that is allowed, in small bodies and in big ones, and nothing deeper', () => {
  const pad = `"pad":"${'x'.repeat(50_000)}",`
  for (const wrap of [(text: string) => text, (text: string) => text.replace('{', `{${pad}`)]) {
    assert.ok(parse(wrap(nested(MAX_JSON_DEPTH))))
    assert.throws(() => parse(wrap(nested(MAX_JSON_DEPTH + 1))), { code: 'BODY_TOO_COMPLEX' })
  }
})

test('counts values, not the commas and brackets in strings', () => {
  assert.ok(parse(`{"text":"${',[{'.repeat(20_000)}"}`))
  assert.ok(parse(`{"text":"${'\\"'.repeat(2000)},[[[[${'\\\\'.repeat(500)}"}`))
  assert.throws(() => parse(`{"a":[${'1,'.repeat(1001)}1]}`), {
    code: 'BODY_TOO_COMPLEX',
    message: /1000 JSON values/,
  })
})

test('counts strings, names among them, with escapes in them and without', () => {
  const roomy = { maxBodyBytes: 10_000_000, maxJsonValues: 1_000_000 }
  const list = (count: number) => Buffer.from(`{"a":["\\"b\\\\"${',"\\"b\\\\"'.repeat(count - 2)}]}`)
  assert.ok(parseJsonBody(list(MAX_JSON_STRINGS), roomy))
  assert.throws(() => parseJsonBody(list(MAX_JSON_STRINGS + 1), roomy), {
    code: 'BODY_TOO_COMPLEX',
    message: /50000 strings/,
  })
})

test('counts different names of fields, wherever they stand', () => {
  const roomy = { maxBodyBytes: 10_000_000, maxJsonValues: 1_000_000 }
  const fields = (count: number, nameOf: (index: number) => string) =>
    Buffer.from(
      `{${Array.from({ length: count }, (_, index) => `"${nameOf(index)}" : "k${index}"`).join(',')}}`,
    )
  const tooMany = { code: 'BODY_TOO_COMPLEX', message: /4000 different names/ }
  assert.ok(parseJsonBody(fields(MAX_JSON_NAMES - 50, String), roomy))
  const objects = Array.from({ length: 3 * MAX_JSON_NAMES }, (_, index) => `{"name${index % 50}":1}`)
  assert.ok(parseJsonBody(Buffer.from(`{"list":[${objects.join(',')}]}`), roomy))
  assert.throws(
    () =>
      parseJsonBody(
        fields(MAX_JSON_NAMES + 200, (index) => `x${index}y`),
        roomy,
      ),
    tooMany,
  )
  const spread = Array.from({ length: MAX_JSON_NAMES + 200 }, (_, index) => `{"a${index}":1}`).join(',')
  assert.throws(() => parseJsonBody(Buffer.from(`{"list":[${spread}]}`), roomy), tooMany)
})

test('a string that never ends is invalid, not endless', () => {
  assert.throws(() => parse(`{"a":"${'x'.repeat(500)}`), { code: 'BODY_INVALID' })
  assert.throws(() => parse(`{"a":"${'\\'.repeat(501)}"`), { code: 'BODY_INVALID' })
})

test('refuses a field that is named twice, however it is written: a provider may read the other one', () => {
  for (const text of [
    '{"model":"dear","model":"cheap"}',
    '{"model":"dear","mod\\u0065l":"cheap"}',
    '{"messages":[{"role":"user","content":"attack","content":"hi"}]}',
    '{"messages":[{"content":[1,2]}],"messages":[]}',
    '{"a":{},"a":{}}',
    `{"pad":"${'x,'.repeat(500)}","a":1,"a":1}`,
  ]) {
    assert.throws(() => parse(text), { code: 'BODY_INVALID', message: /names a field twice/ }, text)
  }
  const many = {
    a: [],
    b: {},
    c: [[], [{}, { a: 1 }]],
    d: { a: 1, b: ',"a"' },
    e: null,
    __proto__x: [1, 2, 3],
  }
  assert.deepEqual(parse(JSON.stringify(many, undefined, 2)), many)
  assert.ok(Object.hasOwn(parse('{"__proto__":{"a":1},"b":2}'), '__proto__'))
})
