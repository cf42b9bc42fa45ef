import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import metering from '../../../plugins/token-metering/index.ts'
import { type Tenant, TenantRepository } from '../../../plugins/token-metering/tenants/tenant.ts'
import type { Services } from '../../../runner/plugin.ts'
import { connectRedis, untilReady } from '../../../runner/services/redis.ts'
import { stopBody } from '../../support/peer.ts'
import { collectingLog, startRig } from '../../support/rig.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'

let server: RedisServer
let redis: NonNullable<Services['redis']>
before(async () => {
  server = await startRedis({})
  const settings = { url: server.url, cluster: false, key_prefix: '', connect_timeout_ms: 1000 }
  redis = connectRedis(settings, collectingLog([]))
  await untilReady(redis, 3000)
})
after(async () => {
  redis.disconnect()
  await server.stop()
})

/** Asks once as a tenant; each test has a consumer of its own, since tenants are cached. */
async function ask(mode: 'over_conf' | 'under_conf', tenant: Tenant, model = 'gpt-4o') {
  await new TenantRepository(redis, '').set(tenant)
  const withRedis: typeof metering = {
    ...metering,
    open: (settings, services) => metering.open({ ...settings, tenants: mode }, { ...services, redis }),
  }
  const rig = await startRig([withRedis])
  try {
    const peer = await rig.peer()
    const token = await peer.prepare({
      'token-metering': {
        tiers: { basic: { requests_per_minute: 7 } },
        consumer_limits: {},
        default_tier: 'basic',
      },
    })
    return await peer.call({
      token,
      headers: { 'x-consumer-username': tenant.consumer },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
    })
  } finally {
    await rig.close()
  }
}

const limitOf = (answer: Awaited<ReturnType<typeof ask>>) => {
  if (answer.kind !== 'rewrite')
    throw new Error(`not a rewrite but ${JSON.stringify(answer.kind === 'stop' ? stopBody(answer) : answer)}`)
  return answer.respHeaders.find(({ name }) => name === 'x-ratelimit-limit-requests')?.value
}

test('a disabled tenant gets 403', async () => {
  const answer = await ask('over_conf', { consumer: 'd', status: 'disabled' })
  assert.equal(answer.kind === 'stop' && answer.status, 403)
  assert.equal(stopBody(answer).error.code, 'tenant_disabled')
})

test('a tenant asks only for the models it may', async () => {
  const allowed = { consumer: 'm', status: 'active', allowed_models: ['qwen-*', 'gpt-4o'] } as const
  assert.equal((await ask('over_conf', { ...allowed, allowed_models: ['GPT-4*'] })).kind, 'rewrite')
  const answer = await ask('over_conf', { ...allowed, consumer: 'm2', allowed_models: ['qwen-*'] })
  assert.equal(stopBody(answer).error.code, 'model_not_allowed')
})

test('its limits win over the conf, or the conf over them', async () => {
  const tenant = { status: 'active', limits: { requests_per_minute: 3 } } as const
  assert.equal(limitOf(await ask('over_conf', { ...tenant, consumer: 'l1' })), '3')
  assert.equal(limitOf(await ask('under_conf', { ...tenant, consumer: 'l2' })), '7')
  assert.equal(limitOf(await ask('under_conf', { ...tenant, consumer: 'l3', tier: 'gold' })), '3')
})
