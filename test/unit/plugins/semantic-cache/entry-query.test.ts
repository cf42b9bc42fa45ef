import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkNames,
  filterOf,
  formatScope,
  pageOf,
  parseScope,
  QueryError,
} from '../../../../plugins/semantic-cache/entry-query.ts'

const NOW = 1_000_000_000

test('reads every filter', () => {
  const query =
    'scope=tier:premium&model=m&older_than=2h&newer_than=7d&min_uses=1&max_uses=5&max_similarity=0.96'
  assert.deepEqual(filterOf(new URLSearchParams(query), NOW), {
    ...{ scope: '["tier","premium"]', model: 'm', minUses: 1, maxUses: 5, maxSimilarity: 0.96 },
    ...{ storedBeforeMs: NOW - 7_200_000, storedAfterMs: NOW - 604_800_000 },
  })
  assert.deepEqual(filterOf(new URLSearchParams(), NOW), {})
})

test('refuses what it cannot read', () => {
  for (const query of [
    'older_than=-1',
    'older_than=1y',
    'min_uses=x',
    'scope=me',
    'scope=consumer:',
    'scope=["consumer"',
    'model=',
    'model=gpt*',
    'max_similarity=1e9',
  ]) {
    assert.throws(() => filterOf(new URLSearchParams(query), NOW), QueryError, query)
  }
  for (const query of ['limit=0', 'limit=1001', 'limit=1.5', 'offset=-1', 'offset=1000000', 'order=model']) {
    assert.throws(() => pageOf(new URLSearchParams(query)), QueryError, query)
  }
})

test('a filter that stands there twice is refused: only one of the two would be read', () => {
  const query = new URLSearchParams('model=a&model=b')
  assert.throws(() => checkNames(query, ['model']), QueryError)
  checkNames(new URLSearchParams('model=a'), ['model'])
})

test('scopes can be written as they are shown', () => {
  for (const name of ['a', 'a:b', '业务', 'a"b', 'line\nbreak']) {
    const scope = JSON.stringify(['consumer', name])
    assert.equal(parseScope(formatScope(scope)), scope)
  }
  assert.equal(parseScope('global'), '["global"]')
  assert.equal(formatScope('no json'), 'no json')
})
