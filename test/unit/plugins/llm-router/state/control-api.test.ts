import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ControlApi, upstreamsDown } from '../../../../../plugins/llm-router/state/control-api.ts'
import { routerSettings, silent, TestClock } from './settings.ts'

const node = (status: string, port = 443) => ({ ip: '10.0.0.1', port, status, counter: {} })
const checker = (name: string, ...nodes: object[]) => ({ name, type: 'http', nodes })

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('tells a provider that APISIX skips, its failover listener being well, from one that it would still ask', () => {
  const answer = [
    checker('/apisix/upstreams/openai', node('unhealthy'), node('healthy', 9444)),
    checker('/apisix/upstreams/qwen', node('unhealthy'), node('mostly_unhealthy')),
    checker('/apisix/upstreams/azure', node('unhealthy'), node('unhealthy', 9444)),
    checker('/apisix/upstreams/gemini', node('unhealthy'), node('mostly_healthy')),
    checker('/apisix/upstreams/ollama', node('healthy', 9444)),
    checker('/apisix/routes/1', node('unhealthy')),
    { name: 7, nodes: 'none' },
    null,
  ]
  assert.deepEqual(upstreamsDown(answer, new Set([9444])), { openai: 'skipped', qwen: 'down', azure: 'down' })
})

test('takes {} for the empty list that APISIX means', () => {
  assert.deepEqual(upstreamsDown({}, new Set()), {})
  assert.throws(() => upstreamsDown({ error_msg: 'no' }, new Set()), /no array/)
})

test('polls /v1/healthcheck and forgets an old answer', async (t) => {
  let path: string | undefined
  const url = await serve(t, (request, response) => {
    path = request.url
    response.end(JSON.stringify([checker('/apisix/upstreams/openai', node('unhealthy'))]))
  })
  const clock = new TestClock()
  const control = new ControlApi(url, routerSettings(), clock, silent)
  assert.deepEqual(control.down, {})
  await control.poll()
  assert.equal(path, '/v1/healthcheck')
  assert.deepEqual(control.down, { openai: 'down' })
  clock.ms += 10_000
  assert.deepEqual(control.down, {})
})

test('has an upstream asked again every ten seconds, as APISIX checks nobody whom it does not serve', async (t) => {
  let answer = [checker('/apisix/upstreams/openai', node('unhealthy'))]
  const url = await serve(t, (_, response) => response.end(JSON.stringify(answer)))
  const clock = new TestClock()
  const control = new ControlApi(url, routerSettings(), clock, silent)
  const after = async (ms: number) => {
    clock.ms += ms
    await control.poll()
    return control.down
  }
  const down = { openai: 'down' }
  assert.deepEqual(
    [await after(0), await after(9_999), await after(1), await after(1)],
    [down, down, {}, down],
  )
  assert.deepEqual([await after(9_998), await after(1), await after(1)], [down, {}, down])
  answer = [checker('/apisix/upstreams/openai', node('healthy'))]
  assert.deepEqual(await after(9_999), {})
  answer = [checker('/apisix/upstreams/openai', node('unhealthy'))]
  assert.deepEqual(
    [await after(1), await after(9_999)],
    [down, down],
    'a new outage is believed from its start',
  )
})

test('keeps the last answer while a poll fails, whatever is wrong with it', async (t) => {
  const down = JSON.stringify([checker('/apisix/upstreams/openai', node('unhealthy'))])
  let answer: RequestListener = (_, response) => response.end(down)
  const url = await serve(t, (request, response) => answer(request, response))
  const warnings: unknown[] = []
  const log = { ...silent, warn: (...line: unknown[]) => warnings.push(line) }
  const settings = routerSettings({ control_timeout_ms: 60_000, control_max_bytes: 500 })
  const control = new ControlApi(url, settings, new TestClock(), log)
  await control.poll()
  const broken: RequestListener[] = [
    (_, response) => response.writeHead(500).end('[]'),
    (_, response) => response.end('not json'),
    (_, response) => response.end('{"error_msg":"no"}'),
    (_, response) => response.end(`[${' '.repeat(600)}]`),
    (_, response) => response.destroy(),
  ]
  for (const listener of broken) {
    answer = listener
    await control.poll()
    assert.deepEqual(control.down, { openai: 'down' })
  }
  assert.equal(warnings.length, 1, 'the log says once that it is away')
})

test('waits for an answer no longer than it may', async (t) => {
  const url = await serve(t, () => {})
  const warnings: unknown[] = []
  const log = { ...silent, warn: (...line: unknown[]) => warnings.push(line) }
  const control = new ControlApi(url, routerSettings({ control_timeout_ms: 50 }), new TestClock(), log)
  await control.poll()
  assert.equal(warnings.length, 1)
})

test('asks nobody any more once it is stopped, be it in the middle of a poll', async (t) => {
  const held: ServerResponse[] = []
  const url = await serve(t, (_, response) => void held.push(response))
  const control = new ControlApi(
    url,
    routerSettings({ control_interval_ms: 1, control_timeout_ms: 60_000 }),
    new TestClock(),
    silent,
  )
  control.start()
  // One at the start and one after the interval, which is the last before there is an answer.
  while (held.length < 2) await sleep(1)
  control.stop()
  for (const response of held) response.end('[]')
  await sleep(100)
  assert.equal(held.length, 2)
})
