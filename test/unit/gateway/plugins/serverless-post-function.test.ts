import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearedHeaders } from '../../../gateway/plugins/serverless-post-function.ts'

test('lines that clear request headers are understood', () => {
  const source = `return function(conf, ctx)
    -- our own headers stay here
    ngx.req.clear_header("X-Llm-Upstream")
    ngx.req.clear_header('X-Request-Cost'); ngx.req.clear_header("X-C")
  end`
  assert.deepEqual(clearedHeaders(source), ['x-llm-upstream', 'x-request-cost', 'x-c'])
})

for (const [name, source] of [
  ['another call', 'return function() ngx.exit(500) end'],
  ['a condition', 'return function() if true then ngx.req.clear_header("X-A") end end'],
  ['no function', 'ngx.req.clear_header("X-A")'],
] as const) {
  test(`${name} is not`, () => assert.equal(clearedHeaders(source), undefined))
}
