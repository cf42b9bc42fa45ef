import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeMessage, encodeReply, type Message, type Reply } from '../../runner/rpc/codec.ts'
import { FrameReader } from '../../runner/rpc/frame.ts'

/** Captured from APISIX 3.18.0; every line is one frame with its header. */
interface Golden {
  direction: 'apisix->runner' | 'runner->apisix'
  type: string
  decoded?: Record<string, unknown>
  note?: string
  hex: string
}

const golden: Golden[] = readFileSync(new URL('../fixtures/wire/frames.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const fromApisix = golden.filter((row) => row.direction === 'apisix->runner')

/** The message in the notation of the golden file. */
function notation(message: Message): Record<string, unknown> {
  const pairs = (entries: readonly { name: string; value: string | undefined }[]) =>
    entries.map((entry) => [entry.name, entry.value ?? null])
  switch (message.kind) {
    case 'prepare-conf':
      return { conf: pairs(message.conf), key: message.key }
    case 'http-req-call':
      return {
        id: message.id,
        src_ip: message.srcIp.toString('hex'),
        method: message.method,
        path: message.path,
        args: pairs(message.args),
        headers: pairs(message.headers),
        conf_token: message.confToken,
      }
    case 'http-resp-call':
      return {
        id: message.id,
        status: message.status,
        headers: pairs(message.headers),
        conf_token: message.confToken,
      }
    case 'extra-info':
      return { result: message.result?.toString('utf8') ?? null, len: message.result?.length ?? null }
  }
}

function readAll(chunks: Iterable<Buffer>): Message[] {
  const reader = new FrameReader()
  const messages: Message[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let frame = reader.next(); frame; frame = reader.next()) messages.push(decodeMessage(frame))
  }
  assert.equal(reader.bufferedBytes, 0)
  return messages
}

function assertGolden(message: Message | undefined, row: Golden): void {
  assert.ok(message)
  const actual = notation(message)
  const expected = { ...row.decoded }
  // The capture writes long bodies down as a prefix and a length.
  if (typeof expected.result === 'string' && expected.result.endsWith(' bytes)')) {
    const prefix = expected.result.slice(0, expected.result.indexOf('...'))
    assert.ok(String(actual.result).startsWith(prefix))
    expected.result = actual.result
  }
  assert.deepEqual(actual, expected)
}

function* slices(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + size())
    yield bytes.subarray(at, end)
    at = end
  }
}

test('every captured frame decodes to its fields, whole', () => {
  for (const row of fromApisix) assertGolden(readAll([Buffer.from(row.hex, 'hex')])[0], row)
})

test('every captured frame decodes to its fields, byte by byte', () => {
  for (const row of fromApisix) assertGolden(readAll(slices(Buffer.from(row.hex, 'hex'), () => 1))[0], row)
})

test('all captured frames in one stream decode in any split', () => {
  const stream = Buffer.concat(fromApisix.map((row) => Buffer.from(row.hex, 'hex')))
  let seed = 20_260_101
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
  for (let round = 0; round < 50; round++) {
    const largest = 1 + Math.floor(random() ** 3 * 5000)
    const messages = readAll(slices(stream, () => 1 + Math.floor(random() * largest)))
    assert.equal(messages.length, fromApisix.length)
    for (const [i, row] of fromApisix.entries()) assertGolden(messages[i], row)
  }
})

test('our encoder says what the captured runner frames say, byte for byte where the order of fields is free of choice', () => {
  const replies = new Map<string, Reply>([
    ['ask reqbody', { kind: 'question', question: { kind: 'req-body' } }],
    ['ask respbody', { kind: 'question', question: { kind: 'resp-body' } }],
    ['ask var consumer_name', { kind: 'question', question: { kind: 'var', name: 'consumer_name' } }],
    ['token 1592590337', { kind: 'conf-token', token: 1592590337 }],
  ])
  for (const row of golden) {
    const reply = row.note === undefined ? undefined : replies.get(row.note)
    if (reply) assert.equal(encodeReply(reply).toString('hex'), row.hex, row.note)
  }
})
