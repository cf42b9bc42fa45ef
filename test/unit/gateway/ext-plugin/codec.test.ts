import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  decodeQuestion,
  decodeReqAction,
  decodeRespReply,
  decodeToken,
  encodeAnswer,
  encodePrepareConf,
  encodeReqCall,
  encodeRespCall,
} from '../../../gateway/ext-plugin/codec.ts'
import { encodeFrame, FrameReader, MESSAGE } from '../../../gateway/ext-plugin/frame.ts'
import { Table, type TextEntry } from '../../../gateway/ext-plugin/tables.ts'

/** Frames that a real APISIX 3.18 and a probe runner exchanged. */
interface Captured {
  direction: 'apisix->runner' | 'runner->apisix'
  type: string
  note?: string
  hex: string
  decoded?: {
    key?: string
    conf?: [string, string][]
    id?: number
    src_ip?: string
    method?: string
    path?: string
    status?: number
    args?: [string, string | null][]
    headers?: [string, string][]
    conf_token?: number
    result?: string | null
  }
}

const captured: Captured[] = readFileSync(new URL('./captured-frames.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Captured)

function binary(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function entries(pairs: readonly [string, string | null][]): TextEntry[] {
  return pairs.map(([name, value]) =>
    value === null ? { name: binary(name) } : { name: binary(name), value: binary(value) },
  )
}

function payloadOf(frame: Captured): Buffer {
  return Buffer.from(frame.hex, 'hex').subarray(4)
}

function encodeLike(frame: Captured): Buffer {
  const told = frame.decoded ?? {}
  switch (frame.type) {
    case 'PREPARE_CONF':
      return encodeFrame(MESSAGE.prepareConf, encodePrepareConf(told.key ?? '', entries(told.conf ?? [])))
    case 'HTTP_REQ_CALL':
      return encodeFrame(
        MESSAGE.httpReqCall,
        encodeReqCall({
          id: told.id ?? 0,
          confToken: told.conf_token ?? 0,
          srcIp: Buffer.from(told.src_ip ?? '', 'hex'),
          method: told.method ?? '',
          path: binary(told.path ?? ''),
          args: entries(told.args ?? []),
          headers: entries(told.headers ?? []),
        }),
      )
    case 'HTTP_RESP_CALL':
      return encodeFrame(
        MESSAGE.httpRespCall,
        encodeRespCall({
          id: told.id ?? 0,
          confToken: told.conf_token ?? 0,
          status: told.status ?? 0,
          headers: entries(told.headers ?? []),
        }),
      )
    default:
      return encodeFrame(
        MESSAGE.extraInfo,
        encodeAnswer(told.result === null ? undefined : Buffer.from(told.result ?? '', 'utf8')),
      )
  }
}

function hasFlag(frame: Captured): boolean {
  return frame.decoded?.args?.some(([, value]) => value === null) ?? false
}

/** The Lua builder keeps the trailing zeros of a vtable, the TypeScript one cuts them off. */
function leavesLastFieldOut(frame: Captured): boolean {
  return hasFlag(frame) || frame.decoded?.result === null
}

const sent = captured.filter((frame) => frame.direction === 'apisix->runner')

test('the frames captured from APISIX are reproduced byte for byte', () => {
  const plain = sent.filter((frame) => !leavesLastFieldOut(frame))
  assert.ok(plain.length > 20)
  for (const frame of plain) assert.equal(encodeLike(frame).toString('hex'), frame.hex, frame.type)
})

test('a call with a flag argument says the same in a shorter vtable', () => {
  const [frame] = sent.filter(hasFlag)
  assert.ok(frame)
  const ours = Table.root(encodeLike(frame).subarray(4))
  const theirs = Table.root(payloadOf(frame))
  assert.equal(ours.uint32(0), theirs.uint32(0))
  assert.equal(ours.uint32(6), theirs.uint32(6))
  assert.equal(ours.uint8(2), theirs.uint8(2))
  assert.equal(ours.text(3), theirs.text(3))
  assert.deepEqual(ours.bytes(1), theirs.bytes(1))
  assert.deepEqual(ours.entries(4), theirs.entries(4))
  assert.deepEqual(ours.entries(5), theirs.entries(5))
})

test('an answer without result has no field at all', () => {
  const missing = sent.filter((frame) => frame.decoded?.result === null)
  assert.ok(missing.length > 0)
  for (const frame of missing) {
    assert.equal(Table.root(payloadOf(frame)).bytes(0), undefined)
    assert.equal(Table.root(encodeLike(frame).subarray(4)).bytes(0), undefined)
  }
})

test('the captured conf tokens are decoded', () => {
  for (const frame of captured) {
    const token = frame.note?.match(/^token (\d+)$/)?.[1]
    if (token !== undefined) assert.equal(decodeToken(payloadOf(frame)), Number(token))
  }
})

test('the captured questions are decoded', () => {
  const questions = captured.filter((frame) => frame.note?.startsWith('ask '))
  assert.deepEqual(
    questions.map((frame) => decodeQuestion(payloadOf(frame))),
    questions.map((frame) => {
      const [, kind, name] = (frame.note ?? '').split(' ')
      if (kind === 'var') return { kind: 'var', name }
      return { kind: kind === 'reqbody' ? 'req-body' : 'resp-body' }
    }),
  )
})

test('the captured rewrite is decoded with its deletions', () => {
  const frame = captured.find((one) => one.note === 'action rewrite')
  assert.ok(frame)
  assert.deepEqual(decodeReqAction(payloadOf(frame)), {
    kind: 'rewrite',
    path: '/v2/chat',
    headers: [{ name: 'X-LLM-Upstream', value: 'openai' }, { name: 'apikey' }],
    args: [{ name: 'drop' }, { name: 'add', value: '1' }],
    respHeaders: [{ name: 'X-Cache', value: 'MISS' }],
    body: Buffer.from('{"model":"b"}'),
  })
})

test('the captured stop is decoded with its repeated header', () => {
  const frame = captured.find((one) => one.note === 'action stop')
  assert.ok(frame)
  assert.deepEqual(decodeReqAction(payloadOf(frame)), {
    kind: 'stop',
    status: 400,
    headers: [
      { name: 'content-type', value: 'application/json' },
      { name: 'x-a', value: '1' },
      { name: 'x-a', value: '2' },
    ],
    body: Buffer.from('{"error":{"message":"no"}}'),
  })
})

test('a reply without action lets the request pass', () => {
  const frame = captured.find((one) => one.note === 'no action')
  assert.ok(frame)
  assert.deepEqual(decodeReqAction(payloadOf(frame)), { kind: 'none' })
})

test('a response reply that changes nothing has no status and no body', () => {
  const frame = captured.find((one) => one.note === 'resp answer')
  assert.ok(frame)
  assert.deepEqual(decodeRespReply(payloadOf(frame)), { status: 0, headers: [] })
})

test('frames are found however the bytes are cut', () => {
  const stream = Buffer.concat(captured.slice(0, 6).map((frame) => Buffer.from(frame.hex, 'hex')))
  const whole = new FrameReader().push(stream)
  assert.equal(whole.length, 6)
  for (const size of [1, 3, 7, 100]) {
    const reader = new FrameReader()
    const found = []
    for (let at = 0; at < stream.length; at += size)
      found.push(...reader.push(stream.subarray(at, at + size)))
    assert.deepEqual(found, whole)
  }
})

test('a payload of more than three length bytes is refused', () => {
  assert.throws(() => encodeFrame(1, new Uint8Array(0x1000000)), RangeError)
})
