import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheDirectives } from '../../../../plugins/semantic-cache/eligible.ts'

test('reads what RFC 9111 lets a request say', () => {
  const none = { noCache: false, noStore: false, maxAge: undefined }
  assert.deepEqual(cacheDirectives([]), none)
  assert.deepEqual(cacheDirectives(['']), none)
  assert.deepEqual(cacheDirectives(['No-Cache , max-age="60"']), { ...none, noCache: true, maxAge: 60 })
  assert.deepEqual(cacheDirectives(['no-store', 'max-age=0']), { ...none, noStore: true, maxAge: 0 })
  assert.deepEqual(cacheDirectives(['max-age=10, max-age=5']), { ...none, maxAge: 5 })
  for (const odd of [
    'max-age',
    'max-age=-1',
    'max-age=x',
    'max-age=1.5',
    'no-cacheable',
    'max-stale=9',
    ',,;=',
  ]) {
    assert.deepEqual(cacheDirectives([odd]), none, odd)
  }
})
