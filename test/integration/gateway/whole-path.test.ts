import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeRunner } from './support/fake-runner.ts'
import { gatewayFor, logReceiverFor, post, put, send, upstreamFor } from './support/world.ts'

test('a chat request goes through auth, runner, traffic-split and http-logger', async (t) => {
  const runner = await FakeRunner.start()
  t.after(() => runner.close())
  const gateway = await gatewayFor(t, { runnerSocket: runner.socketPath })
  const openai = await upstreamFor(t)
  const qwen = await upstreamFor(t)
  const logs = await logReceiverFor(t)
  await put(gateway, 'upstreams/openai', { nodes: [openai.node], pass_host: 'node' })
  await put(gateway, 'upstreams/qwen', { nodes: { [`127.0.0.1:${qwen.port}`]: 1 } })
  await put(gateway, 'consumers', { username: 'unit_a', plugins: { 'key-auth': { key: 'biz-a' } } })
  await put(gateway, 'routes/llm', {
    uri: '/v1/*',
    upstream_id: 'openai',
    plugins: {
      'key-auth': {},
      'ext-plugin-pre-req': { conf: [{ name: 'probe', value: '{}' }], _meta: { priority: 2000 } },
      'traffic-split': {
        rules: [
          {
            match: [{ vars: [['http_x_llm_upstream', '==', 'qwen']] }],
            weighted_upstreams: [{ upstream_id: 'qwen' }],
          },
        ],
      },
      'http-logger': {
        uri: logs.uri,
        batch_max_size: 1,
        include_resp_body: true,
        log_format: {
          consumer: '$consumer_name',
          status: '$status',
          up: '$upstream_addr',
          req: '$request_body',
          resp: '$resp_body',
        },
      },
    },
  })
  runner.onCall = async (call, exchange) => {
    const body = await exchange.ask('req-body')
    const consumer = call.headers.find((header) => header.name === 'x-consumer-username')?.value
    assert.equal(consumer, 'unit_a')
    return {
      rewrite: {
        path: '/compatible-mode/v1/chat',
        headers: [
          { name: 'X-LLM-Upstream', value: 'qwen' },
          { name: 'apikey' },
          { name: 'Authorization', value: 'Bearer p' },
        ],
        respHeaders: [{ name: 'X-Cache', value: 'MISS' }],
        body: `${body}!`,
      },
    }
  }
  const answer = await post(gateway.url, '/v1/chat?x=1', 'hello', { apikey: 'biz-a' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['x-cache'], 'MISS')
  assert.equal(answer.headers.server, 'APISIX/3.18.0')
  const seen = JSON.parse(answer.body) as {
    url: string
    body: string
    port: number
    headers: Record<string, string>
  }
  assert.equal(seen.port, qwen.port)
  assert.equal(seen.url, '/compatible-mode/v1/chat?x=1')
  assert.equal(seen.body, 'hello!')
  assert.equal(seen.headers.apikey, undefined)
  assert.equal(seen.headers.authorization, 'Bearer p')
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1')
  await gateway.waitForIdle()
  assert.deepEqual(logs.entries(), [
    {
      consumer: 'unit_a',
      status: 200,
      up: `127.0.0.1:${qwen.port}`,
      req: 'hello!',
      resp: answer.body,
      route_id: 'llm',
    },
  ])
  const denied = await send(gateway.url, '/v1/chat')
  assert.equal(denied.status, 401)
  assert.equal(denied.body, '{"message":"Missing API key in request"}\n')
})
