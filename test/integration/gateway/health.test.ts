import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway } from '../../gateway/gateway.ts'
import { gatewayFor, post, put, send, upstreamFor } from './support/world.ts'

interface Info {
  name: string
  type: string
  nodes: { ip: string; port: number; status: string; counter: Record<string, number> }[]
}

async function health(gateway: Gateway): Promise<Info[]> {
  const response = await fetch(`${gateway.controlUrl}/v1/healthcheck`)
  return (await response.json()) as Info[]
}

async function statusOf(gateway: Gateway, port: number): Promise<string | undefined> {
  const [info] = await health(gateway)
  return info?.nodes.find((node) => node.port === port)?.status
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await sleep(30)
}

const checks = {
  active: {
    http_path: '/v1/models',
    req_headers: ['Authorization: Bearer probe'],
    healthy: { interval: 1, successes: 1 },
    unhealthy: { interval: 1, http_failures: 1 },
  },
}

test('an unhealthy node is skipped until it is well again', async (t) => {
  const gateway = await gatewayFor(t)
  let broken = true
  const primary = await upstreamFor(t, (seen, res) => {
    res.statusCode = broken && seen.url === '/v1/models' ? 500 : 200
    res.end('primary')
  })
  const secondary = await upstreamFor(t, (_, res) => res.end('secondary'))
  await put(gateway, 'upstreams/openai', {
    nodes: [
      { ...primary.node, priority: 1 },
      { ...secondary.node, priority: 0 },
    ],
    checks,
  })
  await put(gateway, 'routes/r', { uri: '/*', upstream_id: 'openai' })
  assert.deepEqual(await health(gateway), [{ name: '/apisix/upstreams/openai', type: 'http', nodes: {} }])
  assert.equal((await send(gateway.url, '/')).body, 'primary')
  await until(async () => (await statusOf(gateway, primary.port)) === 'unhealthy')
  assert.equal((await send(gateway.url, '/')).body, 'secondary')
  const probe = primary.seen.find((one) => one.url === '/v1/models')
  assert.equal(probe?.headers.authorization, 'Bearer probe')
  broken = false
  await until(async () => (await statusOf(gateway, primary.port)) === 'healthy')
  assert.equal((await send(gateway.url, '/')).body, 'primary')
})

test('a single node gets traffic even when it is unhealthy', async (t) => {
  const gateway = await gatewayFor(t)
  const only = await upstreamFor(t, (seen, res) => {
    res.statusCode = seen.url === '/v1/models' ? 500 : 200
    res.end()
  })
  await put(gateway, 'upstreams/u', { nodes: [only.node], checks })
  await put(gateway, 'routes/r', { uri: '/*', upstream_id: 'u' })
  await send(gateway.url, '/')
  await until(async () => (await statusOf(gateway, only.port)) === 'unhealthy')
  assert.equal((await send(gateway.url, '/')).status, 200)
})

test('a 401 is neither healthy nor unhealthy', async (t) => {
  const gateway = await gatewayFor(t)
  const only = await upstreamFor(t, (_, res) => {
    res.statusCode = 401
    res.end()
  })
  await put(gateway, 'upstreams/u', { nodes: [only.node], checks })
  await put(gateway, 'routes/r', { uri: '/*', upstream_id: 'u' })
  await send(gateway.url, '/')
  await until(async () => only.seen.filter((one) => one.url === '/v1/models').length >= 2)
  const [info] = await health(gateway)
  assert.equal(info?.nodes[0]?.status, 'healthy')
  assert.deepEqual(info?.nodes[0]?.counter, {
    http_failure: 0,
    success: 0,
    tcp_failure: 0,
    timeout_failure: 0,
  })
})

test('two failed tries that were retried elsewhere mark a checked node unhealthy', async (t) => {
  const gateway = await gatewayFor(t, { proxyNextUpstream: 'error timeout http_429 non_idempotent' })
  const primary = await upstreamFor(t, (_, res) => {
    res.statusCode = 429
    res.end()
  })
  const secondary = await upstreamFor(t)
  await put(gateway, 'upstreams/u', {
    nodes: [
      { ...primary.node, priority: 1 },
      { ...secondary.node, priority: 0 },
    ],
    checks: { active: { healthy: { interval: 100 }, unhealthy: { interval: 100 } } },
  })
  await put(gateway, 'routes/r', { uri: '/*', upstream_id: 'u' })
  for (let i = 0; i < 3; i++) assert.equal((await post(gateway.url, '/', 'x')).status, 200)
  assert.equal(await statusOf(gateway, primary.port), 'unhealthy')
  assert.equal(primary.seen.length, 2)
})

test('a passive check counts what clients are answered', async (t) => {
  const gateway = await gatewayFor(t)
  const first = await upstreamFor(t, (_, res) => {
    res.statusCode = 500
    res.end()
  })
  const second = await upstreamFor(t)
  await put(gateway, 'upstreams/u', {
    nodes: [
      { ...first.node, priority: 1 },
      { ...second.node, priority: 0 },
    ],
    checks: {
      active: { healthy: { interval: 100 }, unhealthy: { interval: 100 } },
      passive: { unhealthy: { http_failures: 2 } },
    },
  })
  await put(gateway, 'routes/r', { uri: '/*', upstream_id: 'u' })
  const statuses = []
  for (let i = 0; i < 3; i++) {
    statuses.push((await send(gateway.url, '/')).status)
    await gateway.waitForIdle()
  }
  assert.deepEqual(statuses, [500, 500, 200])
})
