import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway } from '../../gateway/gateway.ts'
import { gatewayFor, logReceiverFor, put, send, upstreamFor } from './support/world.ts'

const format = {
  status: '$status',
  upstatus: '$upstream_status',
  completion: '$request_completion',
  resp_body: '$resp_body',
  body_bytes_sent: '$body_bytes_sent',
  bytes_sent: '$bytes_sent',
  up_len: '$upstream_response_length',
  up_bytes: '$upstream_bytes_received',
  ttfb: '$upstream_header_time',
  ct: '$sent_http_content_type',
}

interface World {
  gateway: Gateway
  logs: Awaited<ReturnType<typeof logReceiverFor>>
}

async function world(
  t: TestContext,
  onRequest: (res: ServerResponse, req: IncomingMessage) => void,
  buffering = { disable_proxy_buffering: true },
): Promise<World> {
  const gateway = await gatewayFor(t)
  const logs = await logReceiverFor(t)
  const upstream = await upstreamFor(t, (_, res, req) => onRequest(res, req))
  await put(gateway, 'routes/stream', {
    uri: '/*',
    upstream: { nodes: [upstream.node] },
    plugins: {
      'proxy-buffering': buffering,
      'http-logger': { uri: logs.uri, batch_max_size: 1, include_resp_body: true, log_format: format },
    },
  })
  return { gateway, logs }
}

function sse(res: ServerResponse): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
}

async function open(gateway: Gateway): Promise<{ req: ReturnType<typeof request>; res: IncomingMessage }> {
  const req = request(gateway.url, { agent: false })
  req.on('error', () => {})
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  res.on('error', () => {})
  return { req, res }
}

async function nextChunk(res: IncomingMessage): Promise<string> {
  const [chunk] = (await once(res, 'data')) as [Buffer]
  return chunk.toString()
}

test('with proxy-buffering disabled each event reaches the client before the next is sent', async (t) => {
  let upstream: ServerResponse | undefined
  const { gateway, logs } = await world(t, (res) => {
    upstream = res
    sse(res)
    res.flushHeaders()
  })
  const { res } = await open(gateway)
  assert.equal(res.headers['content-type'], 'text/event-stream')
  for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: [DONE]\n\n']) {
    upstream?.write(event)
    assert.equal(await nextChunk(res), event)
  }
  upstream?.end()
  await once(res, 'end')
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.equal(entry?.resp_body, 'data: 1\n\ndata: 2\n\ndata: [DONE]\n\n')
  assert.equal(entry?.completion, 'OK')
  assert.equal(entry?.body_bytes_sent, String(9 + 9 + 14 + 5 + 5 + 5 + 5))
  assert.equal(entry?.up_len, entry?.body_bytes_sent)
})

test('with buffering a small piece is held back until the answer ends', async (t) => {
  let upstream: ServerResponse | undefined
  const { gateway } = await world(
    t,
    (res) => {
      upstream = res
      sse(res)
      res.write('data: 1\n\n')
    },
    { disable_proxy_buffering: false },
  )
  const whole = send(gateway.url, '/')
  const first = await Promise.race([whole, sleep(150, 'held')])
  assert.equal(first, 'held')
  upstream?.end('data: 2\n\n')
  assert.equal((await whole).body, 'data: 1\n\ndata: 2\n\n')
})

test('X-Accel-Buffering: no from the upstream turns buffering off and stays hidden', async (t) => {
  let upstream: ServerResponse | undefined
  const { gateway } = await world(
    t,
    (res) => {
      upstream = res
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
      res.write('data: 1\n\n')
    },
    { disable_proxy_buffering: false },
  )
  const { res } = await open(gateway)
  assert.equal(await nextChunk(res), 'data: 1\n\n')
  assert.equal(res.headers['x-accel-buffering'], undefined)
  upstream?.end()
})

test('a client that leaves closes the upstream; the log has the size but not the text', async (t) => {
  let left: () => void = () => {}
  const upstreamClosed = new Promise<void>((resolve) => {
    left = resolve
  })
  const { gateway, logs } = await world(t, (res) => {
    sse(res)
    res.write('data: 12345\n\n')
    res.once('close', () => left())
  })
  const { req, res } = await open(gateway)
  assert.equal(await nextChunk(res), 'data: 12345\n\n')
  req.destroy()
  await upstreamClosed
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.equal(entry?.status, 200)
  assert.equal(entry?.upstatus, '200')
  assert.equal(entry?.completion, '')
  assert.equal(entry?.resp_body, '')
  assert.equal(entry?.body_bytes_sent, String(13 + 5))
})

test('a client that leaves before the answer is logged as 499', async (t) => {
  let arrive: () => void = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const { gateway, logs } = await world(t, () => arrive())
  const req = request(gateway.url, { agent: false })
  req.on('error', () => {})
  req.end()
  await arrived
  req.destroy()
  await sleep(20)
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.equal(entry?.status, 499)
  assert.equal(entry?.completion, '')
})

test('a provider that cuts the stream breaks the transfer; the log says OK without text', async (t) => {
  const { gateway, logs } = await world(t, (res) => {
    sse(res)
    res.write('data: 12345\n\n', () => res.destroy())
  })
  const { res } = await open(gateway)
  const broken = once(res, 'error')
  assert.equal(await nextChunk(res), 'data: 12345\n\n')
  const [error] = (await broken) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.equal(entry?.status, 200)
  assert.equal(entry?.upstatus, '200')
  assert.equal(entry?.completion, 'OK')
  assert.equal(entry?.resp_body, '')
  assert.equal(entry?.body_bytes_sent, String(13 + 5))
})

test('a provider that cuts after its head leaves zero bytes in the log', async (t) => {
  const { gateway, logs } = await world(t, (res) => {
    sse(res)
    res.flushHeaders()
    setTimeout(() => res.destroy(), 20)
  })
  const { res } = await open(gateway)
  res.resume()
  await once(res, 'error')
  await gateway.waitForIdle()
  assert.equal(logs.entries()[0]?.body_bytes_sent, '0')
})

test('a large answer passes a slow reader whole', async (t) => {
  const size = 8 * 1024 * 1024
  const { gateway } = await world(t, (res) => {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size })
    res.end(Buffer.alloc(size, 7))
  })
  const { res } = await open(gateway)
  let received = 0
  for await (const chunk of res) {
    received += (chunk as Buffer).length
    if (received < 1_000_000) await sleep(2)
  }
  assert.equal(received, size)
})

test('statuses, types and lengths of ordinary answers pass unchanged', async (t) => {
  const { gateway, logs } = await world(t, (res) => {
    res.writeHead(201, { 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'b=2'], Server: 'provider' })
    res.end('made')
  })
  const answer = await send(gateway.url, '/')
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(answer.headers.server, 'APISIX/3.18.0')
  assert.equal(answer.headers['keep-alive'], undefined)
  await gateway.waitForIdle()
  const [entry] = logs.entries()
  assert.equal(entry?.resp_body, 'made')
  assert.equal(typeof entry?.ttfb, 'number')
  assert.equal(typeof entry?.bytes_sent, 'number')
})

test('HEAD and 204 carry no body', async (t) => {
  const { gateway } = await world(t, (res, req) => {
    if (req.method === 'HEAD') res.writeHead(200, { 'Content-Length': 5 })
    else res.writeHead(204)
    res.end()
  })
  const head = await send(gateway.url, '/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '5'])
  const empty = await send(gateway.url, '/')
  assert.deepEqual([empty.status, empty.body], [204, ''])
})
