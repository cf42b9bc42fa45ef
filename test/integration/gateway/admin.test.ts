import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import { test } from 'node:test'
import { certificateFor } from './support/certificate.ts'
import { admin, gatewayFor, put, send, upstreamFor } from './support/world.ts'

test('a resource is created, read, replaced, patched, listed and deleted', async (t) => {
  const gateway = await gatewayFor(t)
  const upstream = { nodes: { '127.0.0.1:1': 1 }, labels: { a: 'b' } }
  const created = await admin(gateway, 'PUT', 'upstreams/u1', upstream)
  assert.equal(created.status, 201)
  assert.equal(created.body.key, '/apisix/upstreams/u1')
  assert.equal((created.body.value as { id: string }).id, 'u1')
  assert.equal((await admin(gateway, 'PUT', 'upstreams/u1', upstream)).status, 200)
  assert.equal(
    (await admin(gateway, 'PATCH', 'upstreams/u1', { retries: 2, labels: { a: null, c: 'd' } })).status,
    200,
  )
  const read = await admin(gateway, 'GET', 'upstreams/u1')
  const value = read.body.value as Record<string, unknown>
  assert.equal(value.retries, 2)
  assert.deepEqual(value.labels, { c: 'd' })
  assert.ok(Number(read.body.modifiedIndex) > Number(read.body.createdIndex))
  const list = await admin(gateway, 'GET', 'upstreams')
  assert.equal(list.body.total, 1)
  assert.deepEqual(list.body.list, [read.body])
  assert.deepEqual((await admin(gateway, 'DELETE', 'upstreams/u1')).body, {
    key: '/apisix/upstreams/u1',
    deleted: '1',
  })
  assert.deepEqual(await admin(gateway, 'GET', 'upstreams/u1'), {
    status: 404,
    body: { message: 'Key not found' },
  })
  assert.equal((await admin(gateway, 'DELETE', 'upstreams/u1')).status, 404)
})

test('POST chooses the id', async (t) => {
  const gateway = await gatewayFor(t)
  const created = await admin(gateway, 'POST', 'routes', { uri: '/x', plugins: {} })
  assert.equal(created.status, 201)
  const { id } = created.body.value as { id: string }
  assert.equal((await admin(gateway, 'GET', `routes/${id}`)).status, 200)
})

test('a wrong or missing key is refused', async (t) => {
  const gateway = await gatewayFor(t)
  const url = `${gateway.adminUrl}/apisix/admin/routes`
  const wrong = await fetch(url, { headers: { 'X-API-KEY': 'wrong' } })
  assert.equal(wrong.status, 401)
  assert.deepEqual(await wrong.json(), { error_msg: 'failed to check token', description: 'wrong apikey' })
  assert.equal((await fetch(url)).status, 401)
})

test('an unknown kind of resource is a 404', async (t) => {
  const gateway = await gatewayFor(t)
  const answer = await admin(gateway, 'GET', 'secrets')
  assert.deepEqual(answer, { status: 404, body: { error_msg: 'Unsupported resource type: secrets' } })
})

const upstream = { nodes: { '127.0.0.1:1': 1 } }
const extPlugin = (conf: unknown) => ({ uri: '/x', upstream, plugins: { 'ext-plugin-pre-req': conf } })
const serverless = (phase: string, source: string) => ({
  uri: '/x',
  upstream,
  plugins: { 'serverless-post-function': { phase, functions: [source] } },
})

const refusals: readonly [string, string, unknown, RegExp][] = [
  ['a route without uri', 'routes/r', { upstream }, /invalid configuration: .*required/],
  [
    'an unknown field',
    'routes/r',
    { uri: '/x', upstream, extra: 1 },
    /additional properties forbidden, found extra/,
  ],
  [
    'an unknown plugin',
    'routes/r',
    { uri: '/x', upstream, plugins: { nope: {} } },
    /^unknown plugin \[nope\]$/,
  ],
  [
    'a plugin conf that lacks a field',
    'routes/r',
    { uri: '/x', upstream, plugins: { 'limit-count': { count: 1 } } },
    /^failed to check the configuration of plugin limit-count err: property "time_window" is required$/,
  ],
  [
    'an ext-plugin value that is no string',
    'routes/r',
    extPlugin({ conf: [{ name: 'a', value: {} }] }),
    /plugin ext-plugin-pre-req err: property "conf" validation failed: failed to validate item 1: property "value" validation failed: wrong type: expected string/,
  ],
  ['an ext-plugin conf that is empty', 'routes/r', extPlugin({ conf: [] }), /ext-plugin-pre-req/],
  ['an unknown _meta field', 'routes/r', extPlugin({ _meta: { prio: 1 } }), /found prio/],
  [
    'a bad vars expression',
    'routes/r',
    { uri: '/x', upstream, vars: [['a', '=', 'b']] },
    /invalid operator '='/,
  ],
  [
    'an upstream that is not there',
    'routes/r',
    { uri: '/x', upstream_id: 'no' },
    /upstream id \[no\], response code: 404/,
  ],
  ['an upstream without nodes', 'upstreams/u', { type: 'roundrobin' }, /property "nodes" is required/],
  [
    'a weight that is no number',
    'upstreams/u',
    { nodes: [{ host: 'a', port: 1, weight: 'x' }] },
    /invalid configuration/,
  ],
  ['a consumer without username', 'consumers', { plugins: {} }, /property "username" is required/],
  [
    'a consumer key that is missing',
    'consumers',
    { username: 'a', plugins: { 'key-auth': {} } },
    /property "key" is required/,
  ],
  ['metadata of an unknown plugin', 'plugin_metadata/nope', {}, /invalid plugin name/],
  [
    'Lua in another phase',
    'routes/r',
    serverless('access', 'return function() end'),
    /the stand-in cannot run Lua/,
  ],
  [
    'other Lua',
    'routes/r',
    serverless('before_proxy', 'return function() ngx.exit(500) end'),
    /cannot run Lua/,
  ],
  [
    'a certificate that is none',
    'ssls/s',
    { cert: 'x'.repeat(200), key: 'y'.repeat(200), snis: ['a'] },
    /cert-key/,
  ],
]

for (const [name, path, body, message] of refusals) {
  test(`${name} is a 400 that says so`, async (t) => {
    const gateway = await gatewayFor(t)
    const answer = await admin(gateway, 'PUT', path, body)
    assert.equal(answer.status, 400)
    assert.match(String(answer.body.error_msg), message)
  })
}

test('an upstream in use cannot be deleted, except by force', async (t) => {
  const gateway = await gatewayFor(t)
  await put(gateway, 'upstreams/u', upstream)
  await put(gateway, 'routes/r', { uri: '/x', upstream_id: 'u' })
  const answer = await admin(gateway, 'DELETE', 'upstreams/u')
  assert.equal(answer.status, 400)
  assert.equal(answer.body.error_msg, 'can not delete this upstream, route [r] is still using it now')
  assert.equal((await admin(gateway, 'DELETE', 'upstreams/u?force=true')).status, 200)
  assert.equal((await send(gateway.url, '/x')).status, 502)
})

test('a change of a resource holds for the next request', async (t) => {
  const gateway = await gatewayFor(t)
  const real = await upstreamFor(t)
  const route = { uri: '/x', upstream: { nodes: [real.node] } }
  await put(gateway, 'routes/r', route)
  assert.equal((await send(gateway.url, '/x')).status, 200)
  await put(gateway, 'routes/r', { ...route, status: 0 })
  assert.equal((await send(gateway.url, '/x')).status, 404)
  await put(gateway, 'routes/r', { ...route, methods: ['POST'] })
  assert.equal((await send(gateway.url, '/x')).status, 404)
  assert.equal((await send(gateway.url, '/x', { method: 'POST' })).status, 200)
})

test('a TLS listener shows the certificate of the ssls object and no key is ever given out', async (t) => {
  const gateway = await gatewayFor(t, { listen: [{ port: 0, tls: true }] })
  const { cert, key } = certificateFor('api.example')
  await put(gateway, 'ssls/s', { cert, key, snis: ['api.example'] })
  const read = await admin(gateway, 'GET', 'ssls/s')
  assert.equal((read.body.value as Record<string, unknown>).key, undefined)
  const port = gateway.listeners[0]?.port ?? 0
  const statusFor = (servername: string) =>
    new Promise<number | string>((resolve) => {
      const req = httpsRequest(
        { port, servername, ca: cert, headers: { Host: servername }, agent: false },
        (res) => {
          res.resume()
          resolve(res.statusCode ?? 0)
        },
      )
      req.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
      req.end()
    })
  assert.equal(await statusFor('api.example'), 404)
  assert.notEqual(await statusFor('other.example'), 404)
})
