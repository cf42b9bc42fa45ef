import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_JSON_DEPTH, parseJsonBody } from '../../../runner/rpc/json-body.ts'

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

test('a string that never ends is invalid, not endless', () => {
  assert.throws(() => parse(`{"a":"${'x'.repeat(500)}`), { code: 'BODY_INVALID' })
  assert.throws(() => parse(`{"a":"${'\\'.repeat(501)}"`), { code: 'BODY_INVALID' })
})
