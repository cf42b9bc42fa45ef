import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../../support/free-port.ts'
import { Peer } from '../../support/peer.ts'
import { RunnerProcess } from '../../support/runner-process.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'

let redis: RedisServer
before(async () => {
  redis = await startRedis({})
})
after(() => redis.stop())

const PEERS = 40
const CALLS = 200
const QUOTA = 20
/** Of each call: a prompt of 8 tokens and what is reserved for the answer. */
const RESERVED = 108

const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], max_tokens: 100 })

for (const [where, settings] of [
  // A late answer of Redis would be replaced by local counters, which is another test's matter.
  [
    'in Redis',
    () =>
      `redis: { url: "${redis.url}" }\nplugins: { token-metering: { redis_deadline_ms: 10000, redis_away: refuse } }\n`,
  ],
  ['embedded in the supervisor', () => ''],
] as const) {
  test(`two workers let ${QUOTA} of ${CALLS} parallel calls through a quota for ${QUOTA}, counted ${where}`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'metering-workers-'))
    const socketPath = join(dir, 'runner.sock')
    await writeFile(join(dir, 'settings.yaml'), `${settings()}data_dir: ${dir}\n`)
    const runner = new RunnerProcess({
      ...{ socketPath, usagePort: await freePort(), workers: 2 },
      env: { LLM_RUNNER_SETTINGS: join(dir, 'settings.yaml') },
    })
    const peers: Peer[] = []
    t.after(async () => {
      for (const peer of peers) peer.close()
      await runner.kill()
      await rm(dir, { recursive: true, force: true })
    })
    // A busy machine may need a second try.
    await runner.start().catch(async () => {
      await runner.kill()
      await runner.start()
    })
    peers.push(...(await Promise.all(Array.from({ length: PEERS }, () => Peer.connect(socketPath)))))
    const quotas: readonly (readonly [string, object])[] = [
      ['tokens-day', { tokens_per_day: QUOTA * RESERVED }],
      ['tokens-minute', { tokens_per_minute: QUOTA * RESERVED }],
      ['requests', { requests_per_minute: QUOTA }],
      ['concurrent', { concurrent_requests: QUOTA }],
    ]
    for (const [consumer, limits] of quotas) {
      const conf = { 'token-metering': { tiers: { basic: limits } } }
      const [first] = peers
      const token = (await first?.prepare(conf, `route#${consumer}`)) ?? 0
      const headers = { 'x-consumer-username': `${consumer}-${where.length}` }
      const answers = await Promise.all(
        peers.map(async (peer) => {
          const own: string[] = []
          for (let i = 0; i < CALLS / PEERS; i++) {
            const answer = await peer.call({ token, body, headers })
            own.push(answer.kind === 'stop' ? `stop ${answer.status}` : answer.kind)
          }
          return own
        }),
      )
      const flat = answers.flat()
      assert.equal(flat.filter((kind) => kind === 'rewrite').length, QUOTA, consumer)
      assert.equal(flat.filter((kind) => kind === 'stop 429').length, CALLS - QUOTA, consumer)
    }
  })
}
