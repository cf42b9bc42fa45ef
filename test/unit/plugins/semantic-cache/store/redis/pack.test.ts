import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { pack, unpack } from '../../../../../../plugins/semantic-cache/store/redis/pack.ts'

const entryWith = (content: string) => ({
  ...{ scope: 's', key: 'k', context: 'c', query: 'q', model: 'm', promptTokens: 1, completionTokens: 2 },
  choices: [{ index: 0, content, finishReason: 'stop' }],
  ...{ storedMs: 1, expiresMs: 2.5 },
})

test('what is packed comes out again, whatever its size', async () => {
  for (const length of [0, 10, 1000, 200_000]) {
    const entry = entryWith('读取 file '.repeat(length / 8))
    const packed = await pack(entry)
    assert.deepEqual(unpack(packed), entry)
    if (length > 1000) assert.ok(packed.length < length / 10)
  }
})

test('bytes that are no entry are none, and a bomb is not blown up', () => {
  const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(64 << 20, ' '))])
  for (const bytes of [
    ...[Buffer.alloc(0), Buffer.of(0), Buffer.of(1), Buffer.of(7, 1), bomb],
    ...['null', '{}', '[]', '{"scope":1}', '{"scope":"s","storedMs":1}'].map((json) =>
      Buffer.from(`\0${json}`),
    ),
  ]) {
    assert.equal(unpack(bytes), undefined)
  }
})

test('an entry of another version, which lacks something or has it in another form, is none', () => {
  const packed = (entry: object) => Buffer.from(`\0${JSON.stringify(entry)}`)
  const whole = entryWith('text')
  assert.deepEqual(unpack(packed(whole)), whole)
  for (const name of Object.keys(whole))
    assert.equal(unpack(packed({ ...whole, [name]: undefined })), undefined, name)
  for (const choices of [
    [],
    [null],
    [{ index: 0, content: 5, finishReason: 'stop' }],
    [{ content: 'text' }],
  ]) {
    assert.equal(unpack(packed({ ...whole, choices })), undefined)
  }
})
