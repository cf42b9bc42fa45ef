import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerChanges } from '../../../gateway/plugins/serverless-post-function.ts'

test('lines that clear request headers or set them to variables are understood', () => {
  const source = `return function(conf, ctx)
    -- our own headers stay here
    ngx.req.clear_header("X-Llm-Upstream")
    ngx.req.clear_header('X-Request-Cost'); ngx.req.set_header("X-C", ngx.var.upstream_status)
  end`
  assert.deepEqual(headerChanges(source), [
    ['X-Llm-Upstream', undefined],
    ['X-Request-Cost', undefined],
    ['X-C', 'upstream_status'],
  ])
})

for (const [name, source] of [
  ['another call', 'return function() ngx.exit(500) end'],
  ['a fixed value', 'return function() ngx.req.set_header("X-A", "b") end'],
  ['a condition', 'return function() if true then ngx.req.clear_header("X-A") end end'],
  ['no function', 'ngx.req.clear_header("X-A")'],
] as const) {
  test(`${name} is not`, () => assert.equal(headerChanges(source), undefined))
}
