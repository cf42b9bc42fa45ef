import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { type AnyPlugin, type Decision, definePlugin, noteKey } from '../../../runner/plugin.ts'
import { encodeFrame, MESSAGE } from '../../gateway/ext-plugin/frame.ts'
import { stopBody } from '../../support/peer.ts'
import { startRig } from '../../support/rig.ts'

const none = Type.Object({}, { additionalProperties: false })

/** Names of the plugins that have been asked. */
const deciding = new Set<string>()

/** A plugin whose decision the test writes down in its conf. */
function scripted(name: string, onFailure: 'deny' | 'allow' = 'deny', deadlineMs = 200): AnyPlugin {
  return definePlugin({
    name,
    description: 'test',
    conf: Type.Object(
      {
        decision: Type.Optional(Type.Unknown()),
        fail: Type.Optional(Type.String()),
        delay_ms: Type.Optional(Type.Integer()),
      },
      { additionalProperties: false },
    ),
    settings: none,
    needs: { body: 'json', vars: ['route_id'] },
    onFailure,
    deadlineMs,
    open: () => ({}),
    prepare: (conf) => conf,
    decide: async (_request, conf): Promise<Decision> => {
      deciding.add(name)
      if (conf.delay_ms) await sleep(conf.delay_ms, undefined, { ref: false })
      if (conf.fail) throw new Error(conf.fail)
      return (conf.decision ?? { kind: 'pass' }) as Decision
    },
  })
}

const seen: unknown[] = []
const spy = definePlugin({
  name: 'spy',
  description: 'test',
  conf: none,
  settings: none,
  needs: { body: 'json', vars: ['route_id', 'nothing'] },
  onFailure: 'deny',
  open: () => ({}),
  prepare: () => ({}),
  decide: (request) => {
    seen.push({
      path: request.path,
      routeId: request.routeId,
      consumer: request.consumer,
      header: request.header('x-a'),
      arg: request.arg('q'),
      json: request.json,
      raw: request.rawBody.toString(),
      variable: request.variable('route_id'),
      missing: request.variable('nothing'),
      srcIp: request.srcIp,
      note: request.note(noteKey<{ left: number }>('first')),
    })
    return { kind: 'pass' }
  },
})

const bloat = definePlugin({
  name: 'bloat',
  description: 'test',
  conf: none,
  settings: none,
  needs: { body: 'none' },
  onFailure: 'deny',
  open: () => ({}),
  prepare: () => ({}),
  decide: () => ({ kind: 'rewrite', patch: { json: { pad: 'x'.repeat(16_777_216) } } }),
})

const rig = await startRig([
  ...[bloat, spy, scripted('first'), scripted('second'), scripted('lenient', 'allow')],
  scripted('patient', 'deny', 60_000),
])
after(() => rig.close())
const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
const rewrite = (patch: object, note?: object) => ({
  decision: { kind: 'rewrite', patch, ...(note ? { note } : {}) },
})
const stop = (text: string, more: object = {}) => ({
  decision: { kind: 'stop', status: 418, body: text, ...more },
})

test('an empty chain changes nothing', async () => {
  const peer = await rig.peer()
  assert.deepEqual(await peer.call({ token: await peer.prepare({}), body }), { kind: 'none' })
})

test('a later plugin sees what earlier ones rewrote and noted', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({
    first: rewrite(
      { path: '/p', headers: { 'X-A': 'new' }, args: { q: '2' }, json: { model: 'n' } },
      { left: 7 },
    ),
    spy: {},
  })
  seen.length = 0
  await peer.call({
    token,
    body,
    headers: { 'x-a': 'old', 'x-consumer-username': 'c1' },
    args: [{ name: 'q', value: '1' }],
    variables: { route_id: 'r9' },
  })
  assert.deepEqual(seen, [
    {
      path: '/p',
      routeId: 'r1',
      consumer: 'c1',
      header: 'new',
      arg: '2',
      json: { model: 'n' },
      raw: '{"model":"n"}',
      variable: 'r9',
      missing: undefined,
      srcIp: '127.0.0.1',
      note: { left: 7 },
    },
  ])
})

test('decisions merge into one rewrite, and the request id goes both ways', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({
    first: rewrite({
      headers: { authorization: 'a', 'x-drop': null },
      args: { gone: null },
      respHeaders: { 'X-One': '1' },
    }),
    second: rewrite({ headers: { authorization: 'b' }, respHeaders: { 'x-two': '2' }, json: { model: 'z' } }),
  })
  const answer = await peer.call({ token, body, headers: { 'x-drop': '1' } })
  assert.equal(answer.kind, 'rewrite')
  if (answer.kind !== 'rewrite') return
  const headers = new Map(answer.headers.map(({ name, value }) => [name, value]))
  assert.equal(headers.get('authorization'), 'b')
  assert.ok(headers.has('x-drop') && headers.get('x-drop') == null)
  assert.deepEqual(
    answer.args.map(({ name, value }) => [name, value ?? null]),
    [['gone', null]],
  )
  assert.equal(answer.body?.toString(), '{"model":"z"}')
  const out = new Map(answer.respHeaders.map(({ name, value }) => [name, value]))
  assert.equal(out.get('x-one'), '1')
  assert.equal(out.get('x-two'), '2')
  assert.match(out.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(headers.get('x-request-id'), out.get('x-request-id'))
})

test('the first stop ends the chain and keeps the response headers that were set before', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({
    first: rewrite({ respHeaders: { 'x-one': '1' } }),
    second: stop('{"no":1}'),
    spy: {},
  })
  seen.length = 0
  const answer = await peer.call({ token, body })
  assert.equal(answer.kind === 'stop' && answer.status, 418)
  assert.deepEqual(seen, [])
  const headers = new Map(
    answer.kind === 'stop' ? answer.headers.map(({ name, value }) => [name, value]) : [],
  )
  assert.equal(headers.get('x-one'), '1')
  assert.equal(headers.get('content-type'), 'application/json')
})

test('a plugin that throws denies with 503 and says nothing of the inside', async () => {
  const peer = await rig.peer()
  const answer = await peer.call({ token: await peer.prepare({ first: { fail: 'secret detail' } }), body })
  assert.equal(answer.kind === 'stop' && answer.status, 503)
  const { error } = stopBody(answer)
  assert.equal(error.code, 'plugin_failed')
  assert.doesNotMatch(JSON.stringify(error), /secret/)
  assert.ok(
    rig.log.some(({ bindings }) =>
      /secret detail/.test(String((bindings.err as Error | undefined)?.message)),
    ),
  )
})

test('a plugin that is late denies with 503, and the connection stays usable', async () => {
  const peer = await rig.peer()
  const answer = await peer.call({ token: await peer.prepare({ first: { delay_ms: 1000 } }), body })
  assert.equal(stopBody(answer).error.code, 'deadline_exceeded')
  assert.deepEqual(await peer.call({ token: await peer.prepare({}), body }), { kind: 'none' })
})

test('a plugin that may be missed is passed over when it fails', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({ lenient: { fail: 'x' }, second: stop('{"reached":1}') })
  assert.equal((await peer.call({ token, body })).kind, 'stop')
  assert.match(
    await rig.metric('llm_plugin_failures_total'),
    /plugin="lenient",code="PLUGIN_FAILED",allowed="true"\} 1/,
  )
})

test('a conf that does not validate gets a token whose chain refuses', async () => {
  const peer = await rig.peer()
  for (const [bad, reason] of [
    [{ first: '{not json' }, /not JSON/],
    [{ first: { unknown_key: 1 } }, /unknown key "unknown_key"/],
    [{ nobody: {} }, /"nobody" is not installed/],
  ] as const) {
    const token = await peer.prepare(bad, `route#bad${reason}#ext-plugin-pre-req#1`)
    const answer = await peer.call({ token, body })
    assert.equal(answer.kind === 'stop' && answer.status, 500)
    assert.equal(stopBody(answer).error.code, 'conf_invalid')
    const logged = rig.log.map(({ bindings }) =>
      String(((bindings.err as Error | undefined)?.cause as Error | undefined)?.message),
    )
    assert.ok(
      logged.some((line) => reason.test(line)),
      `${reason} in ${logged}`,
    )
  }
})

test('an unknown token is answered with error 2 and keeps the connection', async () => {
  const peer = await rig.peer()
  assert.deepEqual(await peer.call({ token: 12345, body }), { kind: 'error', code: 2 })
  assert.deepEqual(await peer.call({ token: await peer.prepare({}), body }), { kind: 'none' })
})

test('bodies that are no JSON, too large or too complex are refused with the reason', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({ first: {} })
  const cases = [
    ['{"a":', 400, 'body_invalid'],
    ['[1]', 400, 'body_invalid'],
    ['{"messages":[]}', 400, 'missing_required_parameter'],
    ['{"model":"m","messages":[]}', 400, 'empty_array'],
    [`{"a":"${'x'.repeat(4_194_304)}"}`, 413, 'body_too_large'],
    [`{"a":${'['.repeat(200)}${']'.repeat(200)}, "pad": "${'x'.repeat(40_000)}"}`, 413, 'body_too_complex'],
    [`{"a":[${'1,'.repeat(150_000)}1]}`, 413, 'body_too_complex'],
  ] as const
  for (const [text, status, code] of cases) {
    const answer = await peer.call({ token, body: text })
    assert.equal(answer.kind === 'stop' && answer.status, status, code)
    assert.equal(stopBody(answer).error.code, code)
  }
  const noMessages = await peer.call({ token, body: '{"model":"m"}' })
  assert.deepEqual(stopBody(noMessages).error, {
    ...{ message: "Missing required parameter: 'messages'.", type: 'invalid_request_error' },
    ...{ param: 'messages', code: 'missing_required_parameter' },
  })
})

test('one wrong frame closes its own connection after an error frame and disturbs nobody else', async () => {
  const good = await rig.peer()
  const token = await good.prepare({ first: { delay_ms: 50 } })
  for (const bytes of [
    Buffer.from([9, 0, 0, 0]),
    encodeFrame(MESSAGE.httpReqCall, Buffer.from('garbage!')),
    encodeFrame(MESSAGE.error, Buffer.alloc(12)),
    encodeFrame(MESSAGE.extraInfo, Buffer.alloc(12)),
  ]) {
    const bad = await rig.peer()
    const pending = good.call({ token, body })
    bad.connection.send(bytes[0] ?? 0, bytes.subarray(4))
    const frame = await bad.connection.receive()
    assert.equal(frame.type, MESSAGE.error)
    await assert.rejects(bad.connection.receive())
    assert.equal((await pending).kind, 'rewrite')
  }
})

test('a reply that does not fit into a frame becomes a stop', async () => {
  const peer = await rig.peer()
  const answer = await peer.call({ token: await peer.prepare({ bloat: {} }), body })
  assert.equal(answer.kind === 'stop' && answer.status, 503)
  assert.equal(stopBody(answer).error.code, 'reply_too_large')
  assert.equal((await peer.call({ token: await peer.prepare({ first: {} }), body })).kind, 'rewrite')
})

test('an upstream that APISIX hangs up on aborts the plugin’s signal', async () => {
  const peer = await rig.peer()
  const token = await peer.prepare({ patient: { delay_ms: 60_000 } })
  const call = peer.call({ token, body })
  while (!deciding.has('patient')) await sleep(5)
  peer.close()
  await assert.rejects(call)
  while (!/code="PEER_GONE"/.test(await rig.metric('llm_plugin_failures_total'))) await sleep(10)
})

test('the record of a request names who stopped it', async () => {
  const peer = await rig.peer()
  const answer = await peer.call({
    token: await peer.prepare({ second: stop('{}', { note: { why: 1 } }) }),
    body,
  })
  const id =
    answer.kind === 'stop' ? answer.headers.find(({ name }) => name === 'x-request-id')?.value : undefined
  const record = await rig.records.get(id ?? '')
  assert.equal(record?.stoppedBy, 'second')
  assert.equal(record?.outcome, 'refused')
  assert.deepEqual(record?.notes, { second: { why: 1 } })
})
