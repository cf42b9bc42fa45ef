import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf } from '../../../../../plugins/semantic-cache/embed/embedder.ts'

test('two models, or two prefixes in Chinese, never have one name', () => {
  assert.equal(identityOf(['bge', undefined, '', 2]), 'bge-2')
  const [one, other] = ['为检索：', '为分类：'].map((prefix) => identityOf(['bge', prefix, 2]))
  assert.notEqual(one, other)
  for (const name of [one, other]) assert.match(name ?? '', /^[\w.-]+$/)
})
