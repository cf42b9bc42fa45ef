import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway, GatewayOptions } from '../../gateway/gateway.ts'
import { FakeRunner } from './support/fake-runner.ts'
import {
  admin,
  type FakeUpstream,
  gatewayFor,
  post,
  put,
  type SeenRequest,
  send,
  upstreamFor,
} from './support/world.ts'

interface World {
  runner: FakeRunner
  gateway: Gateway
  upstream: FakeUpstream
}

const conf = [{ name: 'probe', value: '{"a":"你"}' }]

async function world(t: TestContext, options: GatewayOptions = {}, plugins: object = {}): Promise<World> {
  const runner = await FakeRunner.start()
  t.after(() => runner.close())
  const gateway = await gatewayFor(t, { runnerSocket: runner.socketPath, ...options })
  const upstream = await upstreamFor(t)
  await put(gateway, 'routes/r1', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'ext-plugin-pre-req': { conf, ...plugins } },
  })
  return { runner, gateway, upstream }
}

function seenBy(answer: { body: string }): SeenRequest {
  return JSON.parse(answer.body) as SeenRequest
}

test('a conf is prepared once, on another connection than the call', async (t) => {
  const { runner, gateway } = await world(t)
  await send(gateway.url, '/a')
  await send(gateway.url, '/b')
  assert.equal(runner.prepares.length, 1)
  const [prepare] = runner.prepares
  assert.match(prepare?.key ?? '', /^route#r1#ext-plugin-pre-req#\d+$/)
  assert.deepEqual(prepare?.conf, [{ name: 'probe', value: Buffer.from('{"a":"你"}').toString('latin1') }])
  assert.notEqual(runner.calls[0]?.connection, prepare?.connection)
  assert.equal(runner.calls.length, 2)
  assert.equal(runner.connections, 2)
})

test('a changed route prepares its conf anew, under the new version', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  await send(gateway.url, '/')
  const route = await admin(gateway, 'GET', 'routes/r1')
  assert.equal(runner.prepares[0]?.key, `route#r1#ext-plugin-pre-req#${String(route.body.modifiedIndex)}`)
  await put(gateway, 'routes/r1', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'ext-plugin-pre-req': { conf } },
  })
  await send(gateway.url, '/')
  assert.equal(runner.prepares.length, 2)
  assert.notEqual(runner.prepares[1]?.key, runner.prepares[0]?.key)
})

test('a token is prepared again when the expire time is over', async (t) => {
  const { runner, gateway } = await world(t, { confExpireSeconds: 0.05 })
  await send(gateway.url, '/')
  await sleep(80)
  await send(gateway.url, '/')
  assert.equal(runner.prepares.length, 2)
})

test('an unknown token makes APISIX prepare and call again', async (t) => {
  const { runner, gateway } = await world(t)
  await send(gateway.url, '/')
  runner.forget()
  const answer = await send(gateway.url, '/')
  assert.equal(answer.status, 200)
  assert.equal(runner.prepares.length, 2)
  assert.equal(runner.calls.length, 3)
})

test('a runner that never knows the token gets three tries, then the client a 503 page', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  runner.onCall = (_, exchange) => exchange.fail(2)
  const answer = await send(gateway.url, '/')
  assert.equal(answer.status, 503)
  assert.match(answer.body, /503 Service Temporarily Unavailable/)
  assert.equal(runner.calls.length, 3)
  assert.equal(upstream.seen.length, 0)
})

for (const [name, code] of [
  ['bad request', 0],
  ['service unavailable', 1],
] as const) {
  test(`an error frame "${name}" is a 503 at once`, async (t) => {
    const { runner, gateway } = await world(t)
    runner.onCall = (_, exchange) => exchange.fail(code)
    assert.equal((await send(gateway.url, '/')).status, 503)
    assert.equal(runner.calls.length, 1)
  })
}

test('a runner that hangs up is a 503', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = (_, exchange) => exchange.hangUp()
  assert.equal((await send(gateway.url, '/')).status, 503)
})

test('a missing runner is a 503', async (t) => {
  const { gateway } = await world(t, { runnerSocket: '/nonexistent/runner.sock' })
  assert.equal((await send(gateway.url, '/')).status, 503)
})

test('allow_degradation lets the request pass unguarded', async (t) => {
  const { runner, gateway } = await world(t, {}, { allow_degradation: true })
  runner.onCall = (_, exchange) => exchange.hangUp()
  assert.equal((await send(gateway.url, '/')).status, 200)
})

test('a silent runner is a 503 after the timeout', async (t) => {
  const { runner, gateway } = await world(t, { runnerTimeoutMs: 60 })
  runner.onCall = () => new Promise(() => {})
  assert.equal((await send(gateway.url, '/')).status, 503)
})

test('the call carries path, arguments and headers as APISIX reads them', async (t) => {
  const { runner, gateway } = await world(t)
  await post(gateway.url, '/x%20y/%E4%BD%A0//z/../w?q=1&q=2&flag&empty=&u=%E4%BD%A0+b', 'body', {
    'X-Multi': ['a', 'b'],
    'X-Forwarded-Host': 'evil',
    Forwarded: 'for=evil',
  })
  const [call] = runner.calls
  const bytes = (text: string) => Buffer.from(text).toString('latin1')
  assert.equal(call?.path, bytes('/x y/你/w'))
  assert.equal(call?.method, 'POST')
  assert.equal(call?.srcIp, '7f000001')
  assert.deepEqual(call?.args, [
    { name: 'q', value: '1' },
    { name: 'q', value: '2' },
    { name: 'flag' },
    { name: 'empty', value: '' },
    { name: 'u', value: bytes('你 b') },
  ])
  const header = (name: string) => call?.headers.filter((one) => one.name === name).map((one) => one.value)
  const host = new URL(gateway.url).host
  assert.deepEqual(header('x-multi'), ['a', 'b'])
  assert.deepEqual(header('host'), [host])
  assert.deepEqual(header('x-forwarded-host'), [host])
  assert.deepEqual(header('x-forwarded-port'), [new URL(gateway.url).port])
  assert.deepEqual(header('x-forwarded-proto'), ['http'])
  assert.deepEqual(header('forwarded'), [])
  assert.deepEqual(header('content-length'), ['4'])
})

test('questions about unknown variables and empty bodies have no result', async (t) => {
  const { runner, gateway } = await world(t)
  const answers: (string | undefined)[] = []
  runner.onCall = async (_, exchange) => {
    for (const question of [
      'route_id',
      'no_such_var',
      'consumer_name',
      'req-body',
      'resp-body',
      'server_port',
    ]) {
      answers.push((await exchange.ask(question))?.toString())
    }
    return undefined
  }
  await send(gateway.url, '/')
  assert.deepEqual(answers, ['r1', undefined, undefined, undefined, undefined, new URL(gateway.url).port])
})

test('a large body reaches the runner and the upstream whole', async (t) => {
  const { runner, gateway } = await world(t)
  const body = 'x'.repeat(3_000_000)
  let asked: Buffer | undefined
  runner.onCall = async (_, exchange) => {
    asked = await exchange.ask('req-body')
    return undefined
  }
  const answer = await post(gateway.url, '/', body)
  assert.equal(asked?.length, body.length)
  assert.equal(seenBy(answer).body.length, body.length)
})

test('a rewrite changes path, arguments, headers and body', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = () => ({
    rewrite: {
      path: '/v2/a b?c',
      headers: [
        { name: 'X-Twice', value: '1' },
        { name: 'X-Twice', value: '2' },
        { name: 'apikey' },
        { name: 'Host', value: 'provider.example' },
      ],
      args: [{ name: 'drop' }, { name: 'add', value: '1' }, { name: 'add', value: '2 3' }],
      body: '{"new":true}',
    },
  })
  const seen = seenBy(await send(gateway.url, '/old?drop=1&keep=2', { headers: { apikey: 'k' } }))
  assert.equal(seen.url, '/v2/a%20b%3Fc?keep=2&add=1&add=2%203')
  assert.equal(seen.headers['x-twice'], '2')
  assert.equal(seen.headers.apikey, undefined)
  assert.equal(seen.headers.host, 'provider.example')
  assert.equal(seen.body, '{"new":true}')
  assert.equal(seen.headers['content-length'], '12')
  assert.equal(seen.method, 'GET')
})

test('a rewritten path keeps the query it came with', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = () => ({ rewrite: { path: '/v2' } })
  assert.equal(seenBy(await send(gateway.url, '/old?a=%20b&c')).url, '/v2?a=%20b&c')
})

test('without a rewrite the upstream gets the bytes that the client sent', async (t) => {
  const { gateway } = await world(t)
  assert.equal(seenBy(await send(gateway.url, '/a%2Fb/./c?x=%7e')).url, '/a%2Fb/./c?x=%7e')
})

test('rewritten arguments alone escape the path anew', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = () => ({ rewrite: { args: [{ name: 'n', value: '1' }] } })
  assert.equal(seenBy(await send(gateway.url, '/a%20b/./c')).url, '/a%20b/c?n=1')
})

test('response headers of a rewrite stand beside the upstream ones of the same name', async (t) => {
  const runner = await FakeRunner.start()
  t.after(() => runner.close())
  const gateway = await gatewayFor(t, { runnerSocket: runner.socketPath })
  const upstream = await upstreamFor(t, (_, res) => {
    res.setHeader('X-Id', 'upstream')
    res.setHeader('Content-Type', 'application/json')
    res.end('{}')
  })
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'ext-plugin-pre-req': { conf } },
  })
  runner.onCall = () => ({
    rewrite: {
      respHeaders: [
        { name: 'X-Id', value: 'runner' },
        { name: 'X-Set', value: '1' },
        { name: 'X-Set', value: '2' },
        { name: 'Content-Type', value: 'text/evil' },
        { name: 'Server', value: 'evil' },
      ],
    },
  })
  const answer = await send(gateway.url, '/')
  const values = (name: string) =>
    answer.rawHeaders.flatMap((one, i) =>
      i % 2 === 0 && one.toLowerCase() === name ? [answer.rawHeaders[i + 1]] : [],
    )
  assert.deepEqual(values('x-id'), ['runner', 'upstream'])
  assert.deepEqual(values('x-set'), ['1', '2'])
  assert.deepEqual(values('content-type'), ['application/json'])
  assert.deepEqual(values('server'), ['APISIX/3.18.0'])
})

test('a stop answers with its own type, repeated headers and a chunked body', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  runner.onCall = () => ({
    stop: {
      status: 400,
      headers: [
        { name: 'content-type', value: 'application/json' },
        { name: 'x-a', value: '1' },
        { name: 'x-a', value: '2' },
      ],
      body: '{"error":"no"}',
    },
  })
  const answer = await post(gateway.url, '/', 'secret')
  assert.equal(answer.status, 400)
  assert.equal(answer.body, '{"error":"no"}')
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.equal(answer.headers['x-a'], '1, 2')
  assert.equal(answer.headers['transfer-encoding'], 'chunked')
  assert.equal(upstream.seen.length, 0)
})

test('a stop with status 0 is a 200', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = () => ({ stop: { status: 0, body: 'ok' } })
  const answer = await send(gateway.url, '/')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
})

test('a stop without body gets the HTML page of nginx', async (t) => {
  const { runner, gateway } = await world(t)
  runner.onCall = () => ({ stop: { status: 429, headers: [{ name: 'Retry-After', value: '3' }] } })
  const answer = await send(gateway.url, '/')
  assert.equal(answer.status, 429)
  assert.match(answer.body, /<center><h1>429 Too Many Requests<\/h1><\/center>/)
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(answer.headers['retry-after'], '3')
})

test('each parallel call has a connection of its own', async (t) => {
  const { runner, gateway } = await world(t)
  await send(gateway.url, '/')
  let open = 0
  let most = 0
  runner.onCall = async () => {
    most = Math.max(most, ++open)
    await sleep(30)
    open -= 1
    return undefined
  }
  await Promise.all(Array.from({ length: 40 }, () => send(gateway.url, '/')))
  assert.ok(most > 1)
  const used = new Set(runner.calls.slice(1).map((call) => call.connection))
  assert.ok(used.size >= most)
})

test('the call ids count up within the worker', async (t) => {
  const { runner, gateway } = await world(t)
  await send(gateway.url, '/')
  await send(gateway.url, '/')
  assert.deepEqual(
    runner.calls.map((call) => call.id),
    [0, 1],
  )
})

test('behind key-auth the post-req conf has one key per consumer', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  await put(gateway, 'consumers', { username: 'a', plugins: { 'key-auth': { key: 'ka' } } })
  await put(gateway, 'consumers', { username: 'b', plugins: { 'key-auth': { key: 'kb' } } })
  await put(gateway, 'routes/r1', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'key-auth': {}, 'ext-plugin-post-req': { conf } },
  })
  for (const apikey of ['ka', 'kb', 'ka']) await send(gateway.url, '/', { headers: { apikey } })
  assert.equal(runner.prepares.length, 2)
  assert.match(runner.prepares[0]?.key ?? '', /^route&consumer#r1&a#ext-plugin-post-req#\d+&\d+$/)
  assert.match(runner.prepares[1]?.key ?? '', /^route&consumer#r1&b#ext-plugin-post-req#\d+&\d+$/)
})

test('pre-req runs before key-auth by default and after it with a lower priority', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  await put(gateway, 'consumers', { username: 'a', plugins: { 'key-auth': { key: 'ka' } } })
  const route = (meta: object) => ({
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'key-auth': {}, 'ext-plugin-pre-req': { conf, ...meta } },
  })
  const forged = { apikey: 'ka', 'x-consumer-username': 'forged', 'x-credential-identifier': 'forged' }
  const told = () => runner.calls.at(-1)?.headers.find((one) => one.name === 'x-consumer-username')?.value
  await put(gateway, 'routes/r1', route({}))
  await send(gateway.url, '/', { headers: forged })
  assert.equal(told(), 'forged')
  await put(gateway, 'routes/r1', route({ _meta: { priority: 2000 } }))
  const answer = await send(gateway.url, '/', { headers: forged })
  assert.equal(told(), 'a')
  assert.equal(seenBy(answer).headers['x-consumer-username'], 'a')
  assert.equal(seenBy(answer).headers['x-credential-identifier'], undefined)
  const before = runner.calls.length
  assert.equal((await send(gateway.url, '/')).status, 401)
  assert.equal(runner.calls.length, before)
})

test('post-resp shows the answer to the runner, which may replace it', async (t) => {
  const { runner, gateway, upstream } = await world(t)
  await put(gateway, 'routes/r1', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'ext-plugin-post-resp': { conf } },
  })
  let shown: Buffer | undefined
  runner.onResp = async (call, exchange) => {
    assert.equal(call.status, 200)
    shown = await exchange.ask('resp-body')
    return undefined
  }
  const same = await send(gateway.url, '/same')
  assert.equal(same.body, shown?.toString())
  assert.equal(same.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(seenBy(same).headers['x-forwarded-for'], undefined)
  runner.onResp = async () => ({ status: 0, body: 'other', headers: [{ name: 'x-new', value: '1' }] })
  const other = await send(gateway.url, '/other')
  assert.deepEqual([other.status, other.body, other.headers['x-new']], [200, 'other', '1'])
  assert.match(runner.prepares[0]?.key ?? '', /#ext-plugin-post-resp#/)
})
