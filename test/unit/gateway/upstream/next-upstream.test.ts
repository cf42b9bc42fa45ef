import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NextUpstream } from '../../../gateway/upstream/next-upstream.ts'

test("nginx's default retries errors and timeouts of idempotent requests", () => {
  const rules = new NextUpstream('error timeout')
  assert.equal(rules.allows('error', 'GET', true), true)
  assert.equal(rules.allows('error', 'POST', true), false)
  assert.equal(rules.allows('error', 'POST', false), true, 'nothing was sent yet')
  assert.equal(rules.allows('http_503', 'GET', true), false)
})

test('non_idempotent lets sent POSTs go on', () => {
  const rules = new NextUpstream('error http_429 non_idempotent;')
  assert.equal(rules.allows('http_429', 'POST', true), true)
  assert.equal(rules.allows('http_500', 'POST', true), false)
})

test('off retries nothing', () => {
  assert.equal(new NextUpstream('off').allows('error', 'GET', false), false)
})

test('only the statuses of the directive are failures', () => {
  const rules = new NextUpstream('error')
  assert.equal(rules.failureOf(429), 'http_429')
  assert.equal(rules.failureOf(400), undefined)
  assert.equal(rules.failureOf(501), undefined)
})
