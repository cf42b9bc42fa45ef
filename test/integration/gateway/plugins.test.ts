import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway } from '../../gateway/gateway.ts'
import {
  type Answer,
  type FakeUpstream,
  gatewayFor,
  put,
  type SeenRequest,
  send,
  upstreamFor,
} from './support/world.ts'

interface World {
  gateway: Gateway
  upstream: FakeUpstream
}

async function world(t: TestContext, plugins: object, route: object = {}): Promise<World> {
  const gateway = await gatewayFor(t)
  const upstream = await upstreamFor(t)
  await put(gateway, 'routes/r', { uri: '/*', upstream: { nodes: [upstream.node] }, plugins, ...route })
  return { gateway, upstream }
}

function seenBy(answer: Answer): SeenRequest {
  return JSON.parse(answer.body) as SeenRequest
}

test('key-auth finds the key in header or query and can hide it', async (t) => {
  const { gateway } = await world(t, { 'key-auth': { hide_credentials: true } })
  await put(gateway, 'consumers', {
    username: 'unit_a',
    labels: { custom_id: 'c1' },
    plugins: { 'key-auth': { key: 'biz-a' } },
  })
  const byHeader = await send(gateway.url, '/x', { headers: { ApiKey: 'biz-a' } })
  assert.equal(seenBy(byHeader).headers.apikey, undefined)
  assert.equal(seenBy(byHeader).headers['x-consumer-username'], 'unit_a')
  assert.equal(seenBy(byHeader).headers['x-consumer-custom-id'], 'c1')
  const byQuery = await send(gateway.url, '/x?apikey=biz-a&b=1')
  assert.equal(seenBy(byQuery).url, '/x?b=1')
})

test('key-auth refuses missing and wrong keys with its realm', async (t) => {
  const { gateway } = await world(t, { 'key-auth': {} })
  const missing = await send(gateway.url, '/')
  assert.equal(missing.status, 401)
  assert.equal(missing.headers['www-authenticate'], 'apikey realm="key"')
  assert.equal(missing.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(missing.body, '{"message":"Missing API key in request"}\n')
  const wrong = await send(gateway.url, '/', { headers: { apikey: 'no' } })
  assert.equal(wrong.body, '{"message":"Invalid API key in request"}\n')
})

test('limit-count counts per key, shows its headers and rejects with its message', async (t) => {
  const { gateway } = await world(t, {
    'limit-count': {
      count: 2,
      time_window: 60,
      key: 'http_x_unit',
      rejected_code: 429,
      rejected_msg: 'slow down',
    },
  })
  const one = () => send(gateway.url, '/', { headers: { 'x-unit': 'a' } })
  const first = await one()
  assert.equal(first.headers['x-ratelimit-limit'], '2')
  assert.equal(first.headers['x-ratelimit-remaining'], '1')
  assert.equal(first.headers['x-ratelimit-reset'], '60')
  assert.equal((await one()).headers['x-ratelimit-remaining'], '0')
  const rejected = await one()
  assert.equal(rejected.status, 429)
  assert.equal(rejected.body, '{"error_msg":"slow down"}\n')
  assert.equal(rejected.headers['x-ratelimit-remaining'], '0')
  assert.equal((await send(gateway.url, '/', { headers: { 'x-unit': 'b' } })).status, 200)
})

test('limit-count without message rejects with the HTML page', async (t) => {
  const { gateway } = await world(t, {
    'limit-count': { count: 1, time_window: 60, key: 'all', key_type: 'constant' },
  })
  await send(gateway.url, '/')
  const rejected = await send(gateway.url, '/')
  assert.equal(rejected.status, 503)
  assert.match(rejected.body, /Powered by/)
})

test('limit-count begins anew when the window is over', async (t) => {
  const { gateway } = await world(t, { 'limit-count': { count: 1, time_window: 1 } })
  const until = async (status: number) => {
    while ((await send(gateway.url, '/')).status !== status) await sleep(5)
  }
  await until(503)
  await until(200)
  await until(503)
})

test("limit-count in a consumer's plugins limits that consumer on any route", async (t) => {
  const { gateway } = await world(t, { 'key-auth': {} })
  const limited = { 'limit-count': { count: 1, time_window: 60, key: 'consumer_name', rejected_code: 429 } }
  await put(gateway, 'consumers', { username: 'a', plugins: { 'key-auth': { key: 'ka' }, ...limited } })
  await put(gateway, 'consumers', { username: 'b', plugins: { 'key-auth': { key: 'kb' } } })
  const as = (apikey: string) => send(gateway.url, '/', { headers: { apikey } })
  assert.deepEqual([(await as('ka')).status, (await as('ka')).status], [200, 429])
  assert.deepEqual([(await as('kb')).status, (await as('kb')).status], [200, 200])
})

test('limit-req rejects above rate and burst', async (t) => {
  const { gateway } = await world(t, {
    'limit-req': { rate: 1, burst: 1, key: 'remote_addr', rejected_code: 429, nodelay: true },
  })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await send(gateway.url, '/')).status)
  assert.deepEqual(statuses, [200, 200, 429])
})

test('limit-conn counts requests under way', async (t) => {
  const gateway = await gatewayFor(t)
  const waiting: (() => void)[] = []
  const upstream = await upstreamFor(t, (_, res) => waiting.push(() => res.end()))
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: {
      'limit-conn': { conn: 1, burst: 0, default_conn_delay: 0.1, key: 'server_addr', rejected_code: 429 },
    },
  })
  const first = send(gateway.url, '/')
  while (waiting.length === 0) await sleep(5)
  assert.equal((await send(gateway.url, '/')).status, 429)
  waiting.shift()?.()
  assert.equal((await first).status, 200)
  await gateway.waitForIdle()
  const next = send(gateway.url, '/')
  while (waiting.length === 0) await sleep(5)
  waiting.shift()?.()
  assert.equal((await next).status, 200)
})

test('proxy-rewrite sets uri and headers with variables', async (t) => {
  const { gateway } = await world(t, {
    'proxy-rewrite': {
      uri: '/new/$arg_id',
      host: 'other.example',
      headers: {
        set: { 'X-Set': '$remote_addr', 'X-Kept': 'new' },
        add: { 'X-Kept': 'added' },
        remove: ['X-Gone'],
      },
    },
  })
  const seen = seenBy(await send(gateway.url, '/old?id=7', { headers: { 'X-Gone': '1', 'X-Kept': 'old' } }))
  assert.equal(seen.url, '/new/7?id=7')
  assert.equal(seen.headers.host, 'other.example')
  assert.equal(seen.headers['x-set'], '127.0.0.1')
  assert.equal(seen.headers['x-kept'], 'new')
  assert.equal(seen.headers['x-gone'], undefined)
})

test('proxy-rewrite rewrites by regex', async (t) => {
  const { gateway } = await world(t, { 'proxy-rewrite': { regex_uri: ['^/a/(.*)/(.*)$', '/b/$2/$1'] } })
  assert.equal(seenBy(await send(gateway.url, '/a/x/y?q')).url, '/b/y/x?q')
})

test('the runner sees the path that proxy-rewrite left', async (t) => {
  const { gateway } = await world(t, {
    'proxy-rewrite': { uri: '/n' },
    'response-rewrite': { headers: { set: { 'X-Up': '$upstream_uri' } } },
  })
  assert.equal((await send(gateway.url, '/o?x=1')).headers['x-up'], '/n?x=1')
})

test('response-rewrite changes status, headers and body when its vars match', async (t) => {
  const { gateway } = await world(t, {
    'response-rewrite': {
      vars: [
        ['status', '==', 200],
        ['arg_go', '==', '1'],
      ],
      status_code: 202,
      headers: {
        set: { 'X-Status': '$status', 'X-Route': '$route_id' },
        add: ['X-More: 1'],
        remove: ['Content-Type'],
      },
      body: 'replaced',
    },
  })
  const changed = await send(gateway.url, '/?go=1')
  assert.deepEqual([changed.status, changed.body], [202, 'replaced'])
  assert.equal(changed.headers['x-route'], 'r')
  assert.equal(changed.headers['x-more'], '1')
  assert.equal(changed.headers['content-length'], undefined)
  const untouched = await send(gateway.url, '/')
  assert.equal(untouched.status, 200)
  assert.equal(untouched.headers['x-route'], undefined)
})

test('response-rewrite also reaches the answers that plugins give', async (t) => {
  const { gateway } = await world(t, {
    'key-auth': {},
    'response-rewrite': { headers: { set: { 'X-Seen': '$status' } } },
  })
  assert.equal((await send(gateway.url, '/')).headers['x-seen'], '401')
})

test('request-id makes an id, keeps a given one, and answers with it', async (t) => {
  const { gateway } = await world(t, { 'request-id': {} })
  const made = await send(gateway.url, '/')
  assert.match(String(made.headers['x-request-id']), /^[0-9a-f-]{36}$/)
  assert.equal(seenBy(made).headers['x-request-id'], made.headers['x-request-id'])
  assert.equal(
    (await send(gateway.url, '/', { headers: { 'x-request-id': 'mine' } })).headers['x-request-id'],
    'mine',
  )
})

test('cors answers a preflight and marks the answers', async (t) => {
  const { gateway, upstream } = await world(t, {
    cors: { allow_origins: 'https://a.example,https://b.example' },
  })
  const origin = 'https://a.example'
  const preflight = await send(gateway.url, '/', { method: 'OPTIONS', headers: { origin } })
  assert.equal(preflight.status, 200)
  assert.equal(preflight.headers['access-control-allow-origin'], origin)
  assert.equal(upstream.seen.length, 0)
  const other = await send(gateway.url, '/', { headers: { origin: 'https://c.example' } })
  assert.equal(other.headers['access-control-allow-origin'], undefined)
  assert.equal(other.headers.vary, 'Origin')
})

test('serverless-post-function clears request headers before proxying', async (t) => {
  const { gateway } = await world(t, {
    'serverless-post-function': {
      phase: 'before_proxy',
      functions: [
        'return function(conf, ctx)\n  ngx.req.clear_header("X-Llm-Upstream")\n  ngx.req.clear_header("X-B")\nend',
      ],
    },
  })
  const seen = seenBy(
    await send(gateway.url, '/', { headers: { 'x-llm-upstream': 'a', 'x-b': 'b', 'x-c': 'c' } }),
  )
  assert.deepEqual(
    [seen.headers['x-llm-upstream'], seen.headers['x-b'], seen.headers['x-c']],
    [undefined, undefined, 'c'],
  )
})

test('traffic-split shares out by weight, falls back to the route, and refuses an unknown upstream', async (t) => {
  const gateway = await gatewayFor(t)
  const [a, b] = [await upstreamFor(t), await upstreamFor(t)]
  await put(gateway, 'upstreams/b', { nodes: [b.node] })
  const split = (weighted: unknown[]) =>
    put(gateway, 'routes/r', {
      uri: '/*',
      upstream: { nodes: [a.node] },
      plugins: { 'traffic-split': { rules: [{ weighted_upstreams: weighted }] } },
    })
  await split([{ upstream_id: 'b', weight: 1 }, { weight: 3 }])
  for (let i = 0; i < 8; i++) await send(gateway.url, '/')
  assert.deepEqual([a.seen.length, b.seen.length], [6, 2])
  await split([{ upstream: { nodes: { [`127.0.0.1:${b.port}`]: 1 }, type: 'roundrobin' } }])
  await send(gateway.url, '/')
  assert.equal(b.seen.length, 3)
  await split([{ upstream_id: 'nobody' }])
  const refused = await send(gateway.url, '/')
  assert.equal(refused.status, 500)
  assert.equal(refused.body, 'failed to fetch upstream info by upstream id: nobody')
})

test('_meta.disable, _meta.filter and _meta.error_response hold for any plugin', async (t) => {
  const { gateway } = await world(t, {
    'key-auth': { _meta: { filter: [['arg_guard', '==', '1']], error_response: { error: 'denied' } } },
    'limit-count': { count: 1, time_window: 60, _meta: { disable: true } },
  })
  assert.equal((await send(gateway.url, '/')).status, 200)
  assert.equal((await send(gateway.url, '/')).status, 200)
  const denied = await send(gateway.url, '/?guard=1')
  assert.deepEqual([denied.status, denied.body], [401, '{"error":"denied"}\n'])
})

test('global rules run on every route and on none', async (t) => {
  const { gateway } = await world(t, {}, { uri: '/known' })
  await put(gateway, 'global_rules/1', {
    plugins: { 'response-rewrite': { headers: { set: { 'X-Global': '1' } } } },
  })
  assert.equal((await send(gateway.url, '/known')).headers['x-global'], '1')
  const unknown = await send(gateway.url, '/unknown')
  assert.equal(unknown.status, 404)
  assert.equal(unknown.body, '{"error_msg":"404 Route Not Found"}\n')
  assert.equal(unknown.headers['x-global'], '1')
})

test("a plugin_config's plugins join the route's, which win", async (t) => {
  const gateway = await gatewayFor(t)
  const upstream = await upstreamFor(t)
  const mark = (value: string) => ({ 'response-rewrite': { headers: { set: { 'X-Mark': value } } } })
  await put(gateway, 'plugin_configs/shared', { plugins: { ...mark('shared'), 'request-id': {} } })
  const route = { uri: '/*', upstream: { nodes: [upstream.node] }, plugin_config_id: 'shared' }
  await put(gateway, 'routes/r', { ...route, plugins: mark('own') })
  const answer = await send(gateway.url, '/')
  assert.equal(answer.headers['x-mark'], 'own')
  assert.ok(answer.headers['x-request-id'])
  await put(gateway, 'plugin_configs/shared', { plugins: { 'request-id': { header_name: 'X-Other' } } })
  assert.ok((await send(gateway.url, '/')).headers['x-other'])
})
