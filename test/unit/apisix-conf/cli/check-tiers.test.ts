import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChainItem } from '../../../../apisix-conf/cli/chains.ts'
import { checkTiers } from '../../../../apisix-conf/cli/check-tiers.ts'
import type { JsonObject } from '../../../../runner/json.ts'

const item = (conf: JsonObject, plugin = 'token-metering'): ChainItem => ({
  ...{ plugin, conf, file: 'f.yaml', path: '/p' },
  locate: (pointer) => ({ file: 'f.yaml', path: pointer }),
})

test('warns of consumers whose tier has no limits, and of a default that has none', () => {
  const conf = {
    tiers: { premium: {}, internal: {} },
    consumers: { a: 'premium', b: 'premum', c: 'internal' },
  }
  assert.deepEqual(
    checkTiers([item(conf)]).map(({ level, path, message }) => [level, path, message.split(' has')[0]]),
    [
      ['warning', '/default_tier', 'tier "basic"'],
      ['warning', '/consumers/b', 'tier "premum"'],
    ],
  )
})

test('has nothing to say where there are no tiers, all are named, or another plugin is meant', () => {
  assert.deepEqual(checkTiers([item({ consumers: { a: 'x' } })]), [])
  assert.deepEqual(checkTiers([item({ tiers: { basic: {}, x: {} }, consumers: { a: 'x' } })]), [])
  assert.deepEqual(checkTiers([item({ tiers: { x: {} } }, 'llm-router')]), [])
})
