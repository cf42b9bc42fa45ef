import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeArgs, encodeArgs, escapeUri, parseTarget, toBinary } from '../../../gateway/http/uri.ts'

const paths: readonly [string, string | undefined][] = [
  ['/plain', '/plain'],
  ['/a%20b', '/a b'],
  ['/a//b', '/a/b'],
  ['/a/./b/../c', '/a/c'],
  ['/a/..', '/'],
  ['/a/b/', '/a/b/'],
  ['/.hidden', '/.hidden'],
  ['/a%2Fb', '/a/b'],
  ['/..', undefined],
  ['/%zz', undefined],
  ['/%00', undefined],
  ['relative', undefined],
]

for (const [raw, path] of paths) {
  test(`${raw} is normalized to ${path ?? 'a 400'}`, () => assert.equal(parseTarget(raw)?.path, path))
}

test('path and query are told apart', () => {
  assert.deepEqual(parseTarget('/a?b=1?c'), { raw: '/a?b=1?c', path: '/a', args: 'b=1?c', isArgs: '?' })
  assert.deepEqual(parseTarget('/a?'), { raw: '/a?', path: '/a', args: '', isArgs: '' })
})

test('an absolute target gives its host', () => {
  assert.deepEqual(parseTarget('http://h:1/a?b'), {
    raw: '/a?b',
    path: '/a',
    args: 'b',
    isArgs: '?',
    host: 'h:1',
  })
})

test('escaping a path leaves what nginx leaves', () => {
  assert.equal(escapeUri("/v1/a-b_c.d~!$&'()*+,;=:@[]"), "/v1/a-b_c.d~!$&'()*+,;=:@[]")
  assert.equal(
    escapeUri(toBinary('/a b?#%"<>\\^`{|}你')),
    '/a%20b%3F%23%25%22%3C%3E%5C%5E%60%7B%7C%7D%E4%BD%A0',
  )
})

test('arguments keep order, repetition, flags and empty values', () => {
  const args = decodeArgs('q=1&q=2&flag&empty=&x+y=%7E&=nameless')
  assert.deepEqual(
    [...args],
    [
      ['q', ['1', '2']],
      ['flag', true],
      ['empty', ''],
      ['x y', '~'],
    ],
  )
  assert.equal(encodeArgs(args), 'q=1&q=2&flag&empty=&x%20y=~')
})
