import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LexicalEmbedder, lexicalVector } from '../../../../../plugins/semantic-cache/embed/lexical.ts'

function cosine(a: string, b: string): number {
  const x = lexicalVector(a)
  const y = lexicalVector(b)
  return x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
}

test('names itself lexical, with its dimension', () => {
  assert.equal(new LexicalEmbedder().identity, 'lexical-384')
  assert.equal(new LexicalEmbedder(128).identity, 'lexical-128')
})

test('gives unit vectors of the stated dimension, in the order of the texts', async () => {
  const embedder = new LexicalEmbedder(64)
  const vectors = await embedder.embed(['one', '二', '', '?!'])
  assert.equal(vectors.length, 4)
  for (const vector of vectors) {
    assert.equal(vector.length, 64)
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5)
  }
  assert.deepEqual(vectors[0], lexicalVector('one', 64))
})

test('is deaf to case, width and punctuation', () => {
  assert.ok(cosine('What is Redis?', 'what is redis') > 0.9999)
  assert.ok(cosine('ＡＰＩ　怎么用？', 'API 怎么用') > 0.9999)
})

test('puts near-duplicates near and other questions far, in both languages', () => {
  assert.ok(cosine('how do i reset my password', 'how do I reset my passwords?') > 0.8)
  assert.ok(cosine('how do i reset my password', 'what is the capital of france') < 0.3)
  assert.ok(cosine('如何重置我的密码', '如何重置我的密码呢') > 0.8)
  assert.ok(cosine('如何重置我的密码', '今天北京天气怎么样') < 0.3)
})

test('tells word order apart a little', () => {
  assert.ok(cosine('fly from paris to london', 'fly from london to paris') < 0.99)
})
