import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Gateway } from '../../gateway/gateway.ts'
import {
  type FakeUpstream,
  gatewayFor,
  logReceiverFor,
  post,
  put,
  send,
  upstreamFor,
} from './support/world.ts'

interface World {
  gateway: Gateway
  upstream: FakeUpstream
  logs: Awaited<ReturnType<typeof logReceiverFor>>
}

async function world(
  t: TestContext,
  logger: object,
  plugins: object = {},
  onRequest?: Parameters<typeof upstreamFor>[1],
  statusOf?: (post: number) => number,
): Promise<World> {
  const gateway = await gatewayFor(t)
  const upstream = await upstreamFor(t, onRequest)
  const logs = await logReceiverFor(t, statusOf)
  await put(gateway, 'routes/llm', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: { 'http-logger': { uri: logs.uri, ...logger }, ...plugins },
  })
  return { gateway, upstream, logs }
}

interface Logged {
  uri: string
  body: string
  status: number
  headers: Record<string, string>
}

test('numbers, strings and absent fields are as APISIX posts them', async (t) => {
  const names = {
    status: '$status',
    upstatus: '$upstream_status',
    up: '$upstream_addr',
    ttfb: '$upstream_header_time',
    urt: '$upstream_response_time',
    rt: '$request_time',
    consumer: '$consumer_name',
    rid: '$route_id',
    req_body: '$request_body',
    resp_body: '$resp_body',
    ct: '$sent_http_content_type',
    prov: '$http_x_llm_upstream',
    sent: '$sent_http_x_id',
    completion: '$request_completion',
    body_bytes_sent: '$body_bytes_sent',
    bytes_sent: '$bytes_sent',
    up_len: '$upstream_response_length',
    up_bytes: '$upstream_bytes_received',
    nginx_request_id: '$request_id',
    time: '$time_iso8601',
    client: '$remote_addr',
    method: '$request_method',
    uri: '$uri',
    unknown: '$nothing_of_this_name',
    text: 'constant 你',
    nested: { port: '$server_port' },
  }
  const { gateway, upstream, logs } = await world(
    t,
    { batch_max_size: 1, include_resp_body: true, log_format: names },
    {},
    (_, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'X-Id': 'u1', 'Content-Length': 8 })
      res.end('{"a":1}\n')
    },
  )
  await post(gateway.url, '/v1/chat?x=1', '{"q":"你好"}', { 'X-Llm-Upstream': 'openai' })
  await gateway.waitForIdle()
  assert.equal(logs.posts[0]?.headers['content-type'], 'application/json')
  assert.equal(logs.posts[0]?.method, 'POST')
  const [entry] = logs.entries()
  const { ttfb, urt, rt, bytes_sent, up_bytes, nginx_request_id, time, ...rest } = entry ?? {}
  for (const number of [ttfb, urt, rt, bytes_sent]) assert.equal(typeof number, 'number')
  assert.match(String(up_bytes), /^\d+$/)
  assert.match(String(nginx_request_id), /^[0-9a-f]{32}$/)
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/)
  assert.deepEqual(rest, {
    status: 200,
    upstatus: '200',
    up: `127.0.0.1:${upstream.port}`,
    rid: 'llm',
    route_id: 'llm',
    req_body: '{"q":"你好"}',
    resp_body: '{"a":1}\n',
    ct: 'application/json',
    prov: 'openai',
    sent: 'u1',
    completion: 'OK',
    body_bytes_sent: '8',
    up_len: '8',
    client: '127.0.0.1',
    method: 'POST',
    uri: '/v1/chat',
    text: 'constant 你',
    nested: { port: new URL(gateway.url).port },
  })
})

test('an answer of a plugin is logged without upstream fields, chunk framing counted', async (t) => {
  const names = {
    status: '$status',
    upstatus: '$upstream_status',
    up: '$upstream_addr',
    ttfb: '$upstream_header_time',
    body: '$resp_body',
    bbs: '$body_bytes_sent',
    ct: '$sent_http_content_type',
    req: '$request_body',
  }
  const { gateway, logs } = await world(
    t,
    { batch_max_size: 1, include_resp_body: true, log_format: names },
    { 'key-auth': {} },
  )
  await post(gateway.url, '/', 'unread')
  await gateway.waitForIdle()
  assert.deepEqual(logs.entries(), [
    {
      status: 401,
      body: '{"message":"Missing API key in request"}\n',
      bbs: '52',
      ct: 'text/plain; charset=utf-8',
      route_id: 'llm',
    },
  ])
})

test('batches above one are arrays, sent when full', async (t) => {
  const { gateway, logs } = await world(t, { batch_max_size: 2, log_format: { uri: '$uri' } })
  await send(gateway.url, '/1')
  await send(gateway.url, '/2')
  while (logs.posts.length === 0) await sleep(5)
  assert.deepEqual(JSON.parse(logs.posts[0]?.body ?? ''), [
    { uri: '/1', route_id: 'llm' },
    { uri: '/2', route_id: 'llm' },
  ])
})

test('a batch that does not fill is sent after the inactive timeout, as an array of one', async (t) => {
  const { gateway, logs } = await world(t, {
    batch_max_size: 100,
    inactive_timeout: 1,
    log_format: { uri: '$uri' },
  })
  await send(gateway.url, '/1')
  while (logs.posts.length === 0) await sleep(20)
  assert.equal(logs.posts[0]?.body, '[{"uri":"/1","route_id":"llm"}]')
})

test('new_line separates entries and is plain text', async (t) => {
  const { gateway, logs } = await world(t, {
    batch_max_size: 2,
    concat_method: 'new_line',
    auth_header: 'Bearer log',
    log_format: { uri: '$uri' },
  })
  await send(gateway.url, '/1')
  await send(gateway.url, '/2')
  await gateway.waitForIdle()
  assert.equal(logs.posts[0]?.body, '{"uri":"/1","route_id":"llm"}\n{"uri":"/2","route_id":"llm"}')
  assert.equal(logs.posts[0]?.headers['content-type'], 'text/plain')
  assert.equal(logs.posts[0]?.headers.authorization, 'Bearer log')
})

test('a refused batch is lost without retries', async (t) => {
  const { gateway, logs } = await world(
    t,
    { batch_max_size: 1, log_format: { uri: '$uri' } },
    {},
    undefined,
    () => 500,
  )
  await send(gateway.url, '/1')
  await gateway.waitForIdle()
  assert.equal(logs.posts.length, 1)
})

test('with retries a refused batch comes again until it is taken', async (t) => {
  const statusOf = (attempt: number) => (attempt < 3 ? 503 : 200)
  const logger = { batch_max_size: 1, max_retry_count: 5, retry_delay: 0, log_format: { uri: '$uri' } }
  const { gateway, logs } = await world(t, logger, {}, undefined, statusOf)
  await send(gateway.url, '/1')
  await gateway.waitForIdle()
  assert.equal(logs.posts.length, 3)
  assert.equal(new Set(logs.posts.map((one) => one.body)).size, 1)
})

test('the response body is cut at max_resp_body_bytes, the request body at max_req_body_bytes', async (t) => {
  const { gateway, logs } = await world(
    t,
    {
      batch_max_size: 1,
      include_resp_body: true,
      max_resp_body_bytes: 5,
      max_req_body_bytes: 3,
      log_format: { resp: '$resp_body', req: '$request_body' },
    },
    {},
    (_, res) => res.end('0123456789'),
  )
  const answer = await post(gateway.url, '/', 'abcdef')
  assert.equal(answer.body, '0123456789')
  await gateway.waitForIdle()
  assert.deepEqual(logs.entries(), [{ resp: '01234', req: 'abc', route_id: 'llm' }])
})

test('without include_resp_body the response body is empty text', async (t) => {
  const { gateway, logs } = await world(t, { batch_max_size: 1, log_format: { resp: '$resp_body' } })
  await send(gateway.url, '/')
  await gateway.waitForIdle()
  assert.deepEqual(logs.entries(), [{ resp: '', route_id: 'llm' }])
})

test('a gzipped answer is logged as text and passed on as it came', async (t) => {
  const { gateway, logs } = await world(
    t,
    { batch_max_size: 1, include_resp_body: true, log_format: { resp: '$resp_body' } },
    {},
    (_, res) => {
      res.setHeader('Content-Encoding', 'gzip')
      res.end(gzipSync('plain text'))
    },
  )
  assert.equal((await send(gateway.url, '/')).headers['content-encoding'], 'gzip')
  await gateway.waitForIdle()
  assert.equal(logs.entries()[0]?.resp, 'plain text')
})

test('the format of plugin_metadata holds where the route has none, and follows its changes', async (t) => {
  const { gateway, logs } = await world(t, { batch_max_size: 1 })
  await put(gateway, 'plugin_metadata/http-logger', { log_format: { a: '$uri' } })
  await send(gateway.url, '/1')
  await put(gateway, 'plugin_metadata/http-logger', { log_format: { b: '$uri' } })
  await send(gateway.url, '/2')
  await gateway.waitForIdle()
  assert.deepEqual(
    logs.entries().sort((x, y) => Number('b' in x) - Number('b' in y)),
    [
      { a: '/1', route_id: 'llm' },
      { b: '/2', route_id: 'llm' },
    ],
  )
})

test('without any format the full entry is posted, credentials included', async (t) => {
  const { gateway, logs } = await world(t, { batch_max_size: 1, include_req_body: true })
  await post(gateway.url, '/v1?x=1', 'body', { Authorization: 'Bearer secret' })
  await gateway.waitForIdle()
  const [entry] = logs.entries() as { request: Logged; response: Logged; route_id: string }[]
  assert.equal(entry?.route_id, 'llm')
  assert.equal(entry?.request.uri, '/v1?x=1')
  assert.equal(entry?.request.body, 'body')
  assert.equal(entry?.request.headers.authorization, 'Bearer secret')
  assert.equal(entry?.response.status, 200)
})
