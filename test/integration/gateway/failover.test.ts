import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Gateway, GatewayOptions } from '../../gateway/gateway.ts'
import { certificateFor } from './support/certificate.ts'
import {
  type FakeUpstream,
  gatewayFor,
  logReceiverFor,
  post,
  put,
  send,
  upstreamFor,
} from './support/world.ts'

/** The directive of facts section 7. */
const RETRY_ALL = 'error timeout invalid_header http_429 http_500 http_502 http_503 http_504 non_idempotent'

const format = {
  status: '$status',
  upstatus: '$upstream_status',
  up: '$upstream_addr',
  up_len: '$upstream_response_length',
  up_bytes: '$upstream_bytes_received',
  ttfb: '$upstream_header_time',
  urt: '$upstream_response_time',
}

interface World {
  gateway: Gateway
  primary: FakeUpstream
  secondary: FakeUpstream
  entry(): Promise<Record<string, unknown>>
}

async function world(
  t: TestContext,
  onPrimary: (res: ServerResponse) => void,
  options: GatewayOptions = { proxyNextUpstream: RETRY_ALL },
  upstream: object = {},
): Promise<World> {
  const gateway = await gatewayFor(t, options)
  const primary = await upstreamFor(t, (_, res) => onPrimary(res))
  const secondary = await upstreamFor(t)
  const logs = await logReceiverFor(t)
  await put(gateway, 'upstreams/u', {
    nodes: [
      { ...primary.node, priority: 0 },
      { ...secondary.node, priority: -1 },
    ],
    retries: 1,
    ...upstream,
  })
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream_id: 'u',
    plugins: { 'http-logger': { uri: logs.uri, batch_max_size: 1, log_format: format } },
  })
  return {
    gateway,
    primary,
    secondary,
    async entry() {
      await gateway.waitForIdle()
      return logs.entries().at(-1) ?? {}
    },
  }
}

function answerWith(status: number): (res: ServerResponse) => void {
  return (res) => {
    res.statusCode = status
    res.end('{"error":"boom"}')
  }
}

for (const status of [429, 500, 502, 503, 504]) {
  test(`a POST that the primary answers with ${status} goes on to the lower priority`, async (t) => {
    const { gateway, primary, secondary, entry } = await world(t, answerWith(status))
    const answer = await post(gateway.url, '/chat', 'body')
    assert.equal(answer.status, 200)
    assert.equal((JSON.parse(answer.body) as { body: string }).body, 'body')
    const logged = await entry()
    assert.equal(logged.upstatus, `${status}, 200`)
    assert.equal(logged.up, `127.0.0.1:${primary.port}, 127.0.0.1:${secondary.port}`)
    assert.match(String(logged.up_len), new RegExp(`^0, ${answer.body.length}$`))
    assert.equal(typeof logged.urt, 'number')
  })
}

test('a 400 is passed on', async (t) => {
  const { gateway, secondary } = await world(t, answerWith(400))
  const answer = await post(gateway.url, '/chat', 'body')
  assert.deepEqual([answer.status, answer.body], [400, '{"error":"boom"}'])
  assert.equal(secondary.seen.length, 0)
})

test('a refused connection counts as 502 and goes on', async (t) => {
  const { gateway, primary, entry } = await world(t, answerWith(200))
  await primary.close()
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 200)
  const logged = await entry()
  assert.equal(logged.upstatus, '502, 200')
  assert.match(String(logged.up_bytes), /^0, \d+$/)
})

test('a connection that is cut before the head counts as 502 and goes on', async (t) => {
  const { gateway, entry } = await world(t, (res) => res.destroy())
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 200)
  assert.equal((await entry()).upstatus, '502, 200')
})

test('no head within timeout.read counts as 504 and goes on', async (t) => {
  const timeout = { connect: 1, send: 1, read: 0.1 }
  const { gateway, entry } = await world(t, () => {}, { proxyNextUpstream: RETRY_ALL }, { timeout })
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 200)
  const logged = await entry()
  assert.equal(logged.upstatus, '504, 200')
  assert.ok(Number(logged.urt) >= 0.1)
  assert.ok(Number(logged.ttfb) < 0.1, 'a try without head adds nothing to the header time')
})

/** A provider that says these bytes and hangs up, and one behind it. */
async function rudeWorld(t: TestContext, bytes: string) {
  const gateway = await gatewayFor(t, { proxyNextUpstream: RETRY_ALL })
  const secondary = await upstreamFor(t)
  const rude: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
  t.after(() => rude.close())
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream: {
      nodes: [
        { host: '127.0.0.1', port: (rude.address() as AddressInfo).port, weight: 1, priority: 1 },
        { ...secondary.node, priority: 0 },
      ],
    },
  })
  return { gateway, secondary }
}

test('a broken header line counts as 502 and goes on', async (t) => {
  const { gateway } = await rudeWorld(t, 'HTTP/1.1 200 OK\r\nno header\r\n\r\n')
  assert.equal((await post(gateway.url, '/', 'x')).status, 200)
})

test('an answer whose head is longer than a buffer counts as 502 and goes on', async (t) => {
  const head = (bytes: number) =>
    `HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Long: ${'v'.repeat(bytes)}\r\n\r\n`
  const fits = await rudeWorld(t, `${head(3900)}x`)
  assert.equal((await post(fits.gateway.url, '/', 'x')).body, 'x')
  const long = await rudeWorld(t, `${head(4200)}x`)
  assert.equal((await post(long.gateway.url, '/', 'x')).status, 200)
  assert.equal(long.secondary.seen.length, 1)
})

test('bytes that are no HTTP are not asked for again', async (t) => {
  const { gateway, secondary } = await rudeWorld(t, 'what?\r\n\r\n')
  await assert.rejects(post(gateway.url, '/', 'x'))
  assert.equal(secondary.seen.length, 0)
})

test('the last answer is passed on as it is', async (t) => {
  const { gateway, secondary } = await world(t, answerWith(429), undefined, {})
  await secondary.close()
  const refused = await post(gateway.url, '/chat', 'body')
  assert.equal(refused.status, 502)
  assert.match(refused.body, /<h1>502 Bad Gateway<\/h1>/)
  assert.equal(refused.headers['x-apisix-upstream-status'], '429, 502')
})

test('without retries left a 503 keeps its body', async (t) => {
  const { gateway } = await world(t, answerWith(503), { proxyNextUpstream: RETRY_ALL }, { retries: 0 })
  const answer = await post(gateway.url, '/chat', 'body')
  assert.deepEqual([answer.status, answer.body], [503, '{"error":"boom"}'])
  assert.equal(answer.headers['x-apisix-upstream-status'], '503')
})

test('a timeout with no node left is a 504 page', async (t) => {
  const timeout = { connect: 1, send: 1, read: 0.1 }
  const { gateway } = await world(t, () => {}, {}, { timeout, retries: 0 })
  const answer = await post(gateway.url, '/chat', 'body')
  assert.equal(answer.status, 504)
  assert.match(answer.body, /504 Gateway Time-out/)
})

test("nginx's default passes a 503 on and retries a sent POST never, a sent GET always", async (t) => {
  const { gateway, primary } = await world(t, answerWith(503), {})
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 503)
  await primary.close()
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 200, 'nothing was sent to a refusing node')
  const cutting = await world(t, (res) => res.destroy(), {})
  assert.equal((await post(cutting.gateway.url, '/chat', 'body')).status, 502)
  assert.equal((await send(cutting.gateway.url, '/chat')).status, 200)
})

test('a stream that is cut in the middle is not tried again', async (t) => {
  const { gateway, secondary } = await world(t, (res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('x'.repeat(5000), () => res.destroy())
  })
  await assert.rejects(post(gateway.url, '/chat', 'body'))
  assert.equal(secondary.seen.length, 0)
})

test('retry_timeout ends the retries with a 502', async (t) => {
  const slow = (res: ServerResponse) => setTimeout(() => answerWith(503)(res), 80)
  const { gateway, entry } = await world(t, slow, { proxyNextUpstream: RETRY_ALL }, { retry_timeout: 0.01 })
  const answer = await post(gateway.url, '/chat', 'body')
  assert.equal(answer.status, 502)
  assert.equal(answer.headers['x-apisix-upstream-status'], '503 :')
  assert.equal((await entry()).upstatus, '503 : ', 'the try that found no node')
})

test('before_proxy of a retry sees the try that is about to begin, which has no node yet', async (t) => {
  const { gateway, secondary } = await world(t, answerWith(429))
  const note = 'return function() ngx.req.set_header("X-Failed", ngx.var.upstream_status) end'
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream_id: 'u',
    plugins: { 'serverless-post-function': { phase: 'before_proxy', functions: [note] } },
  })
  assert.equal((await post(gateway.url, '/chat', 'body')).status, 200)
  assert.equal(secondary.seen[0]?.headers['x-failed'], '429 :')
})

test('the log keeps what response-rewrite looked at, not what it set', async (t) => {
  const { gateway, primary, secondary } = await world(t, answerWith(200))
  const logs = await logReceiverFor(t)
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream_id: 'u',
    plugins: {
      'response-rewrite': {
        vars: [
          ['status', '>=', 500],
          ['sent_http_content_type', '~~', '^text/html'],
        ],
        status_code: 503,
        headers: { set: { 'Content-Type': 'application/json' } },
        body: '{}',
      },
      'http-logger': {
        uri: logs.uri,
        batch_max_size: 1,
        include_resp_body: true,
        log_format: { status: '$status', type: '$sent_http_content_type', body: '$resp_body' },
      },
    },
  })
  await Promise.all([primary.close(), secondary.close()])
  const answer = await post(gateway.url, '/chat', 'body')
  assert.deepEqual(
    [answer.status, answer.headers['content-type'], answer.body],
    [503, 'application/json', '{}'],
  )
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.deepEqual([entry?.status, entry?.type, entry?.body], [502, 'text/html', '{}'])
})

test('weights share the requests out', async (t) => {
  const gateway = await gatewayFor(t)
  const [a, b] = [await upstreamFor(t), await upstreamFor(t)]
  await put(gateway, 'routes/r', {
    uri: '/*',
    upstream: { nodes: { [`127.0.0.1:${a.port}`]: 3, [`127.0.0.1:${b.port}`]: 1 } },
  })
  for (let i = 0; i < 8; i++) await send(gateway.url, '/')
  assert.deepEqual([a.seen.length, b.seen.length], [6, 2])
})

for (const tls of [true, false]) {
  test(`the gateway itself is the fallback, over ${tls ? 'https' : 'http'}`, async (t) => {
    const gateway = await gatewayFor(t, {
      listen: [{ port: 0 }, { port: 0, tls }],
      proxyNextUpstream: RETRY_ALL,
      hosts: { 'llm-fallback.local': '127.0.0.1', 'provider.local': '127.0.0.1' },
    })
    const loopback = gateway.listeners[1]?.port ?? 0
    const { cert, key } = certificateFor('llm-fallback.local')
    if (tls) await put(gateway, 'ssls/fallback', { cert, key, snis: ['llm-fallback.local'] })
    const second = await upstreamFor(t)
    const logs = await logReceiverFor(t)
    await put(gateway, 'upstreams/openai', {
      scheme: tls ? 'https' : 'http',
      pass_host: 'node',
      retries: 1,
      nodes: [
        // nothing listens there
        { host: 'provider.local', port: 1, weight: 1, priority: 0 },
        { host: 'llm-fallback.local', port: loopback, weight: 1, priority: -1 },
      ],
    })
    await put(gateway, 'upstreams/qwen', { nodes: [second.node] })
    const logger = { uri: logs.uri, batch_max_size: 1, log_format: format }
    await put(gateway, 'routes/llm', {
      uri: '/v1/*',
      upstream_id: 'openai',
      plugins: { 'http-logger': logger },
    })
    await put(gateway, 'routes/fallback', {
      uri: '/v1/*',
      priority: 10,
      vars: [['server_port', '==', String(loopback)]],
      upstream_id: 'qwen',
      plugins: { 'proxy-rewrite': { headers: { set: { 'X-Second': 'yes' } } }, 'http-logger': logger },
    })
    const answer = await post(gateway.url, '/v1/chat', 'body', { 'X-Llm-Upstream': 'openai' })
    assert.equal(answer.status, 200)
    const seen = JSON.parse(answer.body) as { headers: Record<string, string>; body: string }
    assert.equal(seen.body, 'body')
    assert.equal(seen.headers['x-second'], 'yes')
    assert.equal(seen.headers['x-llm-upstream'], 'openai')
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1, 127.0.0.1')
    assert.equal(seen.headers['x-forwarded-host'], `llm-fallback.local:${loopback}`)
    assert.equal(seen.headers['x-forwarded-proto'], tls ? 'https' : 'http')
    await gateway.waitForIdle()
    const outer = logs.entries().find((entry) => entry.route_id === 'llm')
    assert.equal(outer?.upstatus, '502, 200')
    assert.equal(outer?.up, `127.0.0.1:1, 127.0.0.1:${loopback}`)
    assert.ok(logs.entries().some((entry) => entry.route_id === 'fallback'))
  })
}
