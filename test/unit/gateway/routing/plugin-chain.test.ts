import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLUGINS } from '../../../gateway/plugins/index.ts'
import type { JsonObject } from '../../../gateway/plugins/plugin.ts'
import { compileChain, confVersion } from '../../../gateway/routing/plugin-chain.ts'
import type { Runtime } from '../../../gateway/runtime.ts'

const confs: Record<string, JsonObject> = {
  'key-auth': { header: 'apikey', query: 'apikey' },
  'ext-plugin-pre-req': {},
  'ext-plugin-post-req': {},
  'limit-count': { count: 1, time_window: 1, key: 'remote_addr', key_type: 'var' },
  'traffic-split': {},
  'http-logger': { uri: 'http://a', max_req_body_bytes: 1 },
  'proxy-buffering': {},
}

function order(phase: 'rewrite' | 'access', metas: Record<string, JsonObject> = {}): string[] {
  const placed = Object.entries(confs).map(
    ([name, conf]): [string, { conf: JsonObject; resourceKey: string }] => [
      name,
      { conf: metas[name] === undefined ? conf : { ...conf, _meta: metas[name] }, resourceKey: '/r' },
    ],
  )
  return compileChain({} as Runtime, new Map(placed))[phase].map((step) => step.item.name)
}

test('plugins run by their own priorities in each phase', () => {
  assert.deepEqual(order('rewrite'), ['proxy-buffering', 'ext-plugin-pre-req', 'key-auth'])
  assert.deepEqual(order('access'), ['limit-count', 'traffic-split', 'http-logger', 'ext-plugin-post-req'])
})

test('_meta.priority moves a plugin inside its phase', () => {
  const metas = { 'ext-plugin-pre-req': { priority: 2000 }, 'ext-plugin-post-req': { priority: 1000 } }
  assert.deepEqual(order('rewrite', metas), ['proxy-buffering', 'key-auth', 'ext-plugin-pre-req'])
  assert.deepEqual(order('access', metas), [
    'limit-count',
    'ext-plugin-post-req',
    'traffic-split',
    'http-logger',
  ])
})

test('_meta.disable takes a plugin out', () => {
  assert.deepEqual(order('rewrite', { 'key-auth': { disable: true } }), [
    'proxy-buffering',
    'ext-plugin-pre-req',
  ])
})

test('the version of a conf depends on its value, not on the order of its fields', () => {
  assert.equal(confVersion({ a: 1, b: { c: [1, 2], d: 2 } }), confVersion({ b: { d: 2, c: [1, 2] }, a: 1 }))
  assert.notEqual(confVersion({ a: 1 }), confVersion({ a: 2 }))
})

test('priorities are those of config-default', () => {
  const byPriority = [...PLUGINS].sort((a, b) => b.priority - a.priority).map((plugin) => plugin.name)
  assert.deepEqual(
    byPriority,
    PLUGINS.map((plugin) => plugin.name),
  )
})
