import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunnerError } from '../../../runner/errors.ts'
import { encodeFrame, FrameReader, FrameType, MAX_PAYLOAD_BYTES } from '../../../runner/rpc/frame.ts'

test('refuses a payload that the length field cannot name, before anything is written', () => {
  assert.throws(
    () => encodeFrame(FrameType.HTTP_REQ_CALL, new Uint8Array(MAX_PAYLOAD_BYTES + 1)),
    (error) =>
      error instanceof RunnerError && error.code === 'FRAME_TOO_LARGE' && /16777216/.test(error.message),
  )
  assert.equal(
    encodeFrame(FrameType.HTTP_REQ_CALL, new Uint8Array(MAX_PAYLOAD_BYTES)).length,
    MAX_PAYLOAD_BYTES + 4,
  )
})

test('refuses a type that the protocol does not have', () => {
  const reader = new FrameReader()
  reader.push(Buffer.from([5, 0, 0, 0]))
  assert.throws(
    () => reader.next(),
    (error) => error instanceof RunnerError && error.code === 'FRAME_INVALID',
  )
})

test('reads empty frames, several in a chunk', () => {
  const reader = new FrameReader()
  reader.push(Buffer.from([2, 0, 0, 0, 1, 0, 0, 1, 9]))
  assert.deepEqual(reader.next(), { type: 2, payload: Buffer.alloc(0) })
  assert.deepEqual(reader.next(), { type: 1, payload: Buffer.from([9]) })
  assert.equal(reader.next(), undefined)
})

test('keeps its buffer in proportion to what has arrived, not to what a header announces', () => {
  const reader = new FrameReader()
  reader.push(Buffer.from([2, 0xff, 0xff, 0xff, 1, 2, 3]))
  assert.equal(reader.next(), undefined)
  assert.equal(reader.bufferedBytes, 4 + 3)
})

test('puts a 16 MB frame together from many pieces', () => {
  const frame = encodeFrame(FrameType.EXTRA_INFO, Buffer.alloc(MAX_PAYLOAD_BYTES, 7))
  const reader = new FrameReader()
  for (let at = 0; at < frame.length; at += 65_536) {
    reader.push(frame.subarray(at, at + 65_536))
    if (at + 65_536 < frame.length) assert.equal(reader.next(), undefined)
  }
  const whole = reader.next()
  assert.equal(whole?.payload.length, MAX_PAYLOAD_BYTES)
  assert.ok(whole?.payload.every((byte) => byte === 7))
})
