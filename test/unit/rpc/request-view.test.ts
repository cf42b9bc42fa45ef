import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noteKey } from '../../../runner/plugin.ts'
import type { HttpReqCall } from '../../../runner/rpc/codec.ts'
import { PatchedRequest } from '../../../runner/rpc/request-view.ts'

const call: HttpReqCall = {
  kind: 'http-req-call',
  id: 1,
  srcIp: Buffer.from([10, 0, 0, 7]),
  method: 'POST',
  path: '/v1/chat/completions',
  args: [
    { name: 'q', value: '1' },
    { name: 'q', value: '2' },
    { name: 'flag', value: undefined },
    { name: 'empty', value: '' },
  ],
  headers: [
    { name: 'x-a', value: 'first' },
    { name: 'x-a', value: 'last' },
    { name: 'x-consumer-username', value: 'c1' },
    { name: 'x-none', value: undefined },
  ],
  confToken: 1,
}
const request = (more: Partial<Parameters<typeof PatchedRequest.of>[0]> = {}) =>
  PatchedRequest.of({
    id: 'id',
    receivedAt: 1,
    routeId: 'r',
    call,
    ...more,
  }).loaded({
    variables: new Map([['v', 'x']]),
    body: Buffer.from('{"model":"m"}'),
    json: { model: 'm' },
  })

test('shows what APISIX sent', () => {
  const view = request()
  assert.equal(view.header('x-a'), 'last')
  assert.deepEqual(view.headerAll('x-a'), ['first', 'last'])
  assert.equal(view.header('x-none'), '')
  assert.equal(view.header('x-b'), undefined)
  assert.equal(view.arg('q'), '1')
  assert.equal(view.arg('flag'), '')
  assert.equal(view.arg('empty'), '')
  assert.equal(view.arg('no'), undefined)
  assert.equal(view.variable('v'), 'x')
  assert.equal(view.consumer, 'c1')
  assert.equal(view.endpoint, 'chat-completions')
  assert.equal(view.srcIp, '10.0.0.7')
  assert.equal(view.rawBody.toString(), '{"model":"m"}')
})

test('writes IPv6 addresses as text, and nothing for an address of another size', () => {
  const of = (hex: string) => request({ call: { ...call, srcIp: Buffer.from(hex, 'hex') } }).srcIp
  assert.equal(of('20010db8000000000000000000000001'), '2001:db8:0:0:0:0:0:1')
  assert.equal(of('0102'), '')
})

test('is not changed by a patch; the new view is', () => {
  const before = request()
  const after = before.patched({
    path: '/p',
    headers: { 'X-A': 'new', 'x-consumer-username': null },
    args: { q: null, added: '1' },
    json: { model: 'n' },
  })
  assert.equal(before.header('x-a'), 'last')
  assert.equal(before.arg('q'), '1')
  assert.deepEqual(before.json, { model: 'm' })
  assert.equal(after.path, '/p')
  assert.equal(after.header('x-a'), 'new')
  assert.deepEqual(after.headerAll('x-a'), ['new'])
  assert.deepEqual(after.headerAll('x-consumer-username'), [])
  assert.equal(after.arg('q'), undefined)
  assert.equal(after.arg('added'), '1')
  assert.equal(after.rawBody.toString(), '{"model":"n"}')
})

test('stays the endpoint and the consumer that asked, whatever is rewritten', () => {
  const view = request().patched({ path: '/compatible-mode/v1/x', headers: { 'x-consumer-username': null } })
  assert.equal(view.endpoint, 'chat-completions')
  assert.equal(view.consumer, 'c1')
})

test('the request and its response carry the id, the response of a later pass has it already', () => {
  const id = [{ name: 'x-request-id', value: 'id' }]
  assert.equal(request().header('x-request-id'), 'id')
  assert.deepEqual(request().toRewrite().headers, id)
  assert.deepEqual(request().toRewrite().respHeaders, id)
  assert.deepEqual(request({ idOnResponse: false }).toRewrite().headers, id)
  assert.deepEqual(request({ idOnResponse: false }).toRewrite().respHeaders, [])
})

test('an earlier pass tells what it noted and who asked', () => {
  const unnamed = { ...call, headers: [] }
  const view = PatchedRequest.of({ id: 'id', receivedAt: 1, routeId: 'r', call: unnamed }).loaded({
    variables: new Map(),
    body: Buffer.alloc(0),
    json: undefined,
    earlier: { notes: { router: { to: 'x' } }, consumer: 'c0' },
  })
  assert.equal(view.consumer, 'c0')
  assert.deepEqual(view.note(noteKey('router')), { to: 'x' })
})

test('later patches win', () => {
  const id = { name: 'x-request-id', value: 'id' }
  const rewrite = request()
    .patched({ headers: { a: '1', b: null }, respHeaders: { 'X-R': '1' } })
    .patched({ headers: { A: '2' }, respHeaders: { 'x-r': '2' } })
    .toRewrite()
  assert.deepEqual(rewrite, {
    kind: 'rewrite',
    path: undefined,
    headers: [id, { name: 'a', value: '2' }, { name: 'b', value: undefined }],
    args: [],
    respHeaders: [id, { name: 'x-r', value: '2' }],
    body: undefined,
  })
})

test('notes are kept under the plugin that left them and never travel as a rewrite', () => {
  const view = request().noted('guard', { seen: 1 }).noted('router', { to: 'x' }).noted('guard', { seen: 2 })
  assert.deepEqual(view.note(noteKey('guard')), { seen: 2 })
  assert.deepEqual(view.notes, { guard: { seen: 2 }, router: { to: 'x' } })
  assert.deepEqual(view.toRewrite(), request().toRewrite())
})

test('a header named like a member of Object is no header', () => {
  const view = request().patched({ headers: { 'x-b': '1' }, args: { b: '1' } })
  assert.equal(view.header('constructor'), undefined)
  assert.equal(view.arg('toString'), undefined)
  assert.deepEqual(view.headerAll('valueOf'), [])
})
