import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerCopy } from '../../../gateway/plugins/serverless-pre-function.ts'

const wrapped = (statements: string) => `return function()
  -- as the failover wants it
  if ngx.re.match(ngx.var.upstream_addr or "", ":(1|2)$") and ngx.var.upstream_http_x_a then
    ${statements}
  end
end`

test('a function that copies variables into response headers under a condition is understood', () => {
  const source = wrapped('ngx.header["X-A"] = ngx.var.upstream_http_x_a; ngx.header["X-B"] = ngx.var.uri')
  assert.deepEqual(headerCopy(source), {
    matched: 'upstream_addr',
    pattern: /:(1|2)$/,
    needed: 'upstream_http_x_a',
    headers: [
      ['X-A', 'upstream_http_x_a'],
      ['X-B', 'uri'],
    ],
  })
})

for (const [name, source] of [
  ['another call', wrapped('ngx.exit(500)')],
  ['a fixed value', wrapped('ngx.header["X-A"] = "b"')],
  ['no condition', 'return function() ngx.header["X-A"] = ngx.var.uri end'],
  ['nothing to do', wrapped('')],
] as const) {
  test(`${name} is not`, () => assert.equal(headerCopy(source), undefined))
}
