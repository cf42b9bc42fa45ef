import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../../gateway/http/header-list.ts'

const list = () => HeaderList.fromRaw(['Host', 'h', 'X-A', '1', 'x-a', '2', 'X-B', '3'])

test('names are found in any case, the first value first', () => {
  assert.equal(list().get('x-a'), '1')
  assert.equal(list().joined('x-a'), '1, 2')
  assert.equal(list().get('x-c'), undefined)
})

test('setting replaces all lines of the name in place', () => {
  const headers = list()
  headers.set('X-a', '9')
  assert.deepEqual(headers.toRaw(), ['Host', 'h', 'X-A', '9', 'X-B', '3'])
})

test('setting many values makes as many lines', () => {
  const headers = list()
  headers.set('X-A', ['7', '8', '9'])
  assert.deepEqual(headers.toRaw(), ['Host', 'h', 'X-A', '7', 'X-A', '8', 'X-A', '9', 'X-B', '3'])
})

test('setting nothing removes the name', () => {
  const headers = list()
  headers.set('X-A', undefined)
  headers.set('X-New', undefined)
  assert.deepEqual(headers.toRaw(), ['Host', 'h', 'X-B', '3'])
})

test('control characters are percent-encoded, as OpenResty does', () => {
  const headers = list()
  headers.set('X-A', 'a\r\nX-Evil: 1')
  headers.add('X-C', '\0')
  assert.equal(headers.get('x-a'), 'a%0D%0AX-Evil: 1')
  assert.equal(headers.get('x-c'), '%00')
})
