import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CacheKeys,
  contextTag,
  entryId,
  parseEntryId,
} from '../../../../../../plugins/semantic-cache/store/redis/keys.ts'

test('names differ by identity, scope and context, and hold no text of them', () => {
  const a = new CacheKeys({ prefix: 'p:', cluster: false }, 'e5-384')
  const b = new CacheKeys({ prefix: 'p:', cluster: false }, 'e5-768')
  assert.notEqual(a.entry('s', 'k'), b.entry('s', 'k'))
  assert.notEqual(a.index('x'), b.index('x'))
  assert.notEqual(a.index('x'), a.index('y'))
  assert.notEqual(contextTag('a', 'bc'), contextTag('ab', 'c'))
  assert.match(a.entry('tenant: {*} ', 'k'), /^p:cache:[0-9a-f]{16}:e:[0-9a-f]{32}:k$/)
})

test('in a cluster all keys of an identity share a slot', () => {
  const keys = new CacheKeys({ prefix: 'p:', cluster: true }, 'e5')
  const names = [keys.entry('a', 'k'), keys.entry('b', 'k'), keys.totals, keys.scopes, keys.claim('a', 'k')]
  assert.equal(new Set(names.map((name) => /\{[^}]+\}/.exec(name)?.[0])).size, 1)
})

test('an entry id is read back, anything else is none', () => {
  const { scopeId, key } = parseEntryId(entryId('s', 'ab-_c')) ?? {}
  assert.deepEqual([scopeId?.length, key], [32, 'ab-_c'])
  for (const id of ['', 'a:b', `${'0'.repeat(32)}:`, `${'0'.repeat(32)}:a*`, `${'0'.repeat(32)}:a:b`]) {
    assert.equal(parseEntryId(id), undefined, id)
  }
})
