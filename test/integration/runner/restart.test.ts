import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startGateway } from '../../gateway/gateway.ts'
import { CHAT, makeScene } from './support/scene.ts'

/** Restarts of the runner while requests run, and how many requests run at the same time. */
const RESTARTS = Number(process.env.RESTARTS ?? 3)
const CLIENTS = 12
const MAX_REQUESTS = 200_000

const scene = await makeScene()
const gateway = await startGateway({ runnerSocket: scene.socketPath })
/** Tells what reached it: the mark that the runner set. */
const upstream = createServer((request, response) => {
  request.resume()
  request.on('end', () => response.end(JSON.stringify({ mark: request.headers['x-mark'] ?? null })))
})
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
after(async () => {
  await gateway.close()
  upstream.close()
  await scene.close()
})

interface Policy {
  readonly id: string
  readonly conf: object
  /** Of a request that this route's own conf decided. */
  decided(status: number, body: string): boolean
}

const marked = (body: string) => (JSON.parse(body) as { mark: string | null }).mark
const POLICIES: readonly Policy[] = [
  {
    id: 'blocks',
    conf: { stop: 'blocked' },
    decided: (status, body) => status === 403 && body.includes('"stop":"blocked"'),
  },
  {
    id: 'marks',
    conf: { mark: 'of-marks' },
    decided: (status, body) => status === 200 && marked(body) === 'of-marks',
  },
  { id: 'passes', conf: {}, decided: (status, body) => status === 200 && marked(body) === null },
]

async function putRoute({ id, conf }: Policy): Promise<void> {
  const response = await fetch(`${gateway.adminUrl}/apisix/admin/routes/${id}`, {
    method: 'PUT',
    headers: { 'x-api-key': gateway.adminKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      uri: `/${id}/v1/chat/completions`,
      upstream: {
        type: 'roundrobin',
        nodes: { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 },
      },
      plugins: { 'ext-plugin-pre-req': { conf: [{ name: 'mine', value: JSON.stringify(conf) }] } },
    }),
  })
  assert.equal(response.status, 201, await response.text())
}

test('restarts under load never let a request be decided by another route’s conf', async () => {
  for (const policy of POLICIES) await putRoute(policy)
  await scene.runner.start()
  const counts = { decided: 0, unavailable: 0 }
  const wrong: string[] = []
  let restarting = true
  let next = 0
  const client = async () => {
    while (restarting && next < MAX_REQUESTS) {
      const policy = POLICIES[next++ % POLICIES.length] as Policy
      const response = await fetch(`${gateway.url}/${policy.id}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: CHAT,
      })
      const body = await response.text()
      if (response.status === 503) {
        counts.unavailable++
        // While the runner is away the gateway refuses at once; there is no point in asking at full speed.
        await new Promise((resolve) => setTimeout(resolve, 20))
      } else if (policy.decided(response.status, body)) counts.decided++
      else wrong.push(`${policy.id}: ${response.status} ${body}`)
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const decidedMore = async (more: number) => {
    const goal = counts.decided + more
    while (counts.decided < goal && next < MAX_REQUESTS)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await decidedMore(300)
  for (let i = 0; i < RESTARTS; i++) {
    if (i % 2 === 0) await scene.runner.kill()
    else await scene.runner.stop()
    await scene.runner.start()
    await decidedMore(300)
  }
  restarting = false
  await Promise.all(clients)
  console.log(
    `${RESTARTS} restarts: ${counts.decided} decided by their own conf, ${counts.unavailable} answered 503`,
  )
  assert.deepEqual(wrong, [])
  assert.ok(counts.decided >= 300 * (RESTARTS + 1))
  assert.ok(counts.unavailable > 0, 'no request came while the runner was away')
})
