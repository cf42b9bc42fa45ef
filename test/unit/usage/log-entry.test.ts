import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLogEntry } from '../../../runner/usage/log-entry.ts'

const minimal = { request_id: 'id-1', status: 200 }

test('reads numbers as numbers and as strings, and takes "", "-" and nonsense for absent', () => {
  const entry = readLogEntry({
    ...minimal,
    status: '503',
    request_time: '0.250',
    upstream_header_time: '0.1, 0.005',
    upstream_status: '502, -, 200',
    body_bytes_sent: '12',
    consumer_name: '',
    route_id: '-',
    time: 'yesterday',
  })
  assert.equal(entry.status, 503)
  assert.equal(entry.requestTimeMs, 250)
  assert.equal(entry.headerTimeMs, 5)
  assert.deepEqual(entry.upstreamStatuses, [502, null, 200])
  assert.equal(entry.responseBytes, 12)
  assert.equal(entry.consumer, undefined)
  assert.equal(entry.routeId, undefined)
  assert.equal(entry.timeMs, undefined)
})

test('understands an internal redirect’s separator', () => {
  assert.deepEqual(readLogEntry({ ...minimal, upstream_status: '503 : 200' }).upstreamStatuses, [503, 200])
})

test('counts no attempt for which no node was left', () => {
  const statuses = (text: string) => readLogEntry({ ...minimal, upstream_status: text }).upstreamStatuses
  assert.deepEqual(statuses('504 : '), [504])
  assert.deepEqual(statuses('500, 429 : '), [500, 429])
})

test('reads no status that is none, and of a list that is too long the end', () => {
  const statuses = (text: string) => readLogEntry({ ...minimal, upstream_status: text }).upstreamStatuses
  assert.deepEqual(statuses('503, 200.5'), [503, null])
  const many = statuses(`${'503, '.repeat(100_000)}200`)
  assert.equal(many.at(-1), 200)
  assert.ok(many.length <= 101)
  assert.deepEqual(statuses(`503,${' '.repeat(100_000)}200`).at(-1), 200)
})

test('tells a client that left from a log format that does not say', () => {
  assert.equal(readLogEntry({ ...minimal, request_completion: '' }).completed, false)
  assert.equal(readLogEntry({ ...minimal, completion: 'OK' }).completed, true)
  assert.equal(readLogEntry(minimal).completed, undefined)
})

test('takes the runner’s id, else APISIX’s, and never one that could be anything', () => {
  assert.equal(readLogEntry({ ...minimal, request_id: 'ours, theirs' }).requestId, 'ours')
  assert.equal(readLogEntry({ status: 200, request_id: '-', apisix_request_id: 'a1' }).requestId, 'a1')
  assert.equal(readLogEntry({ status: 200, request_id: 'bad id\n', apisix_request_id: 'a1' }).requestId, 'a1')
  for (const request_id of ['', undefined, 'x'.repeat(129), 'a b', '{}', 7.5e30, []]) {
    assert.throws(
      () => readLogEntry({ status: 200, request_id }),
      { code: 'LOG_ENTRY_INVALID' },
      `${request_id}`,
    )
  }
})

test('refuses what has no status that a client could have got', () => {
  for (const status of [undefined, '', 'OK', 0, 99, 600, 200.5, '1e9', -200, null]) {
    assert.throws(() => readLogEntry({ ...minimal, status }), { code: 'LOG_ENTRY_INVALID' }, `${status}`)
  }
  for (const raw of [null, 1, 'x', []]) assert.throws(() => readLogEntry(raw), { code: 'LOG_ENTRY_INVALID' })
})

test('numbers that cannot be true are absent', () => {
  const entry = readLogEntry({
    ...minimal,
    request_time: '9'.repeat(400),
    body_bytes_sent: -1,
    time: 1e300,
    llm_prompt_tokens: 1.5,
    llm_completion_tokens: -3,
  })
  assert.deepEqual(
    [entry.requestTimeMs, entry.responseBytes, entry.timeMs, entry.llm],
    [undefined, undefined, undefined, undefined],
  )
})

test('a time that cannot be, milliseconds for seconds say, is absent', () => {
  for (const time of [0, 1.5, 1_700_000_000_123, '1700000000123', 9e12]) {
    assert.equal(readLogEntry({ ...minimal, time }).timeMs, undefined, `${time}`)
  }
  assert.equal(readLogEntry({ ...minimal, time: 1_700_000_000.5 }).timeMs, 1_700_000_000_500)
})

test('names are cut, bodies are not', () => {
  const entry = readLogEntry({ ...minimal, consumer: 'c'.repeat(1000), resp_body: 'x'.repeat(1000) })
  assert.equal(entry.consumer?.length, 256)
  assert.equal(entry.responseBody?.length, 1000)
})
