import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lines, sseEvents } from '../../../runner/llm/sse.ts'

const events = (body: string) => Array.from(sseEvents(body), ({ event, data }) => [event, ...data])

test('reads events whatever ends the lines', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const body = ['event: a', 'data: 1', '', 'data:2', 'data: 3', '', ''].join(end)
    assert.deepEqual(events(body), [
      ['a', '1'],
      ['', '2', '3'],
    ])
  }
})

test('drops comments, ids, retry times, unknown fields and events without data', () => {
  assert.deepEqual(events(': hi\nid: 1\nretry: 3\nfoo: x\ndatax: y\nevent: e\n\ndata: 1\n\n'), [['', '1']])
})

test('takes a byte order mark, no space, two spaces and a bare field name', () => {
  assert.deepEqual(events('\ufeffdata:1\n\ndata:  2\n\ndata\n\n'), [
    ['', '1'],
    ['', ' 2'],
    ['', ''],
  ])
})

test('gives the last event although its blank line is cut off', () => {
  assert.deepEqual(events('data: 1\n\nevent: e\ndata: 2'), [
    ['', '1'],
    ['e', '2'],
  ])
})

test('cuts out only the data that is wanted', () => {
  const body = 'data: 1\n\ndata: 22\n\n'
  const wanted = Array.from(sseEvents(body, (from, to) => to - from > 1))
  assert.deepEqual(wanted, [{ event: '', data: ['22'] }])
})

test('gives the lines that a regular expression gives', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r') })
  fc.assert(
    fc.property(text, (body) => {
      const ours = Array.from(lines(body), ({ from, to }) => body.slice(from, to)).filter(Boolean)
      assert.deepEqual(ours, body.split(/\r\n|\n|\r/).filter(Boolean))
    }),
  )
})
