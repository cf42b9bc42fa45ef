import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch } from '../../../gateway/logging/log-sender.ts'

const entries = [{ a: 1 }, { b: Buffer.from('你').toString('latin1'), gone: undefined }]

test('a batch of size one is an object, above that an array', () => {
  assert.equal(
    encodeBatch({ batch_max_size: 1, concat_method: 'json' }, entries.slice(0, 1)).toString(),
    '{"a":1}',
  )
  assert.equal(
    encodeBatch({ batch_max_size: 9, concat_method: 'json' }, entries.slice(0, 1)).toString(),
    '[{"a":1}]',
  )
})

test('lines are separated by line feeds and text keeps its bytes', () => {
  assert.equal(
    encodeBatch({ batch_max_size: 9, concat_method: 'new_line' }, entries).toString(),
    '{"a":1}\n{"b":"你"}',
  )
})
