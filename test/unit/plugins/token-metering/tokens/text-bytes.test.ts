import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LETTER, LOWER, OTHER } from '../../../../../plugins/token-metering/tokens/char-class.ts'
import { TextBytes } from '../../../../../plugins/token-metering/tokens/text-bytes.ts'

test('takes a text in with the classes of its bytes', () => {
  const memory = new TextBytes(16)
  assert.equal(memory.take('aé!'), 3)
  assert.equal(memory.length, 4)
  assert.deepEqual([...memory.bytes.subarray(0, 4)], [0x61, 0xc3, 0xa9, 0x21])
  assert.deepEqual(
    [...memory.classes.subarray(0, 4)],
    [LETTER | LOWER, LETTER | LOWER, LETTER | LOWER, OTHER],
  )
})

test('takes whole characters within the bytes it may use, and a shorter text after a longer one', () => {
  const memory = new TextBytes(16)
  assert.equal(memory.take('你好你好'), 4)
  assert.equal(memory.take('你好你好', 7), 2)
  assert.equal(memory.length, 6)
  assert.equal(memory.take('x'), 1)
  assert.equal(memory.length, 1)
})

test('reads a lone surrogate as the replacement character', () => {
  const memory = new TextBytes(16)
  memory.take('\ud800')
  assert.equal(Buffer.from(memory.bytes.subarray(0, memory.length)).toString(), '\ufffd')
})
