import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attachPlugins, detachPlugins, neededUpstreams } from '../../../../apisix-conf/cli/attach.ts'

const ours = {
  'key-auth': { hide_credentials: true },
  'limit-req': { rate: 1 },
  'ext-plugin-pre-req': { conf: [] },
  'traffic-split': { rules: [{ weighted_upstreams: [{ upstream_id: 'qwen' }, { weight: 1 }] }] },
}
const route = {
  id: 'chat',
  uri: '/chat',
  plugins: { cors: {} },
  labels: { team: 'x' },
  create_time: 1,
  update_time: 2,
}
const bare = { id: 'chat', uri: '/chat', plugins: { cors: {} }, labels: { team: 'x' } }

test('adds our plugins and takes them off again, and leaves the rest as it was', () => {
  const { route: attached, added, conflicts } = attachPlugins(route, ours)
  assert.deepEqual(conflicts, [])
  assert.deepEqual(added, Object.keys(ours))
  assert.deepEqual(Object.keys(attached.plugins as object), ['cors', ...Object.keys(ours)])
  const detached = detachPlugins(attached)
  assert.deepEqual(detached.route, bare)
  assert.deepEqual(detached.removed, Object.keys(ours))
})

test('leaves nothing behind on a route that had neither plugins nor labels', () => {
  const plain = { uri: '/chat', upstream_id: 1 }
  assert.deepEqual(detachPlugins(attachPlugins(plain, ours).route).route, plain)
})

test('brings its own plugins up to date when it is called again', () => {
  const once = attachPlugins(route, ours).route
  const { route: twice, conflicts } = attachPlugins(once, { ...ours, 'limit-req': { rate: 2 } })
  assert.deepEqual(conflicts, [])
  assert.deepEqual((twice.plugins as Record<string, unknown>)['limit-req'], { rate: 2 })
  assert.deepEqual(detachPlugins(twice).route, bare)
})

test("keeps the route's own way of authentication and its limits", () => {
  const guarded = { ...route, plugins: { 'jwt-auth': {}, 'limit-req': { rate: 9 } } }
  const { left, route: attached } = attachPlugins(guarded, ours)
  assert.deepEqual(left, ['key-auth', 'limit-req'])
  assert.deepEqual((attached.plugins as Record<string, unknown>)['limit-req'], { rate: 9 })
  const inherited = attachPlugins(route, ours, { 'basic-auth': {} })
  assert.deepEqual(inherited.left, ['key-auth'])
})

test('refuses to stand where the route has a plugin of its own', () => {
  const busy = { ...route, plugins: { 'ext-plugin-pre-req': { conf: [{ name: 'mine', value: '{}' }] } } }
  assert.deepEqual(attachPlugins(busy, ours).conflicts, ['ext-plugin-pre-req'])
})

test('takes nothing off a route that it did not touch', () => {
  assert.deepEqual(detachPlugins(route), { route: bare, removed: [] })
})

test('knows which upstreams must be there', () => {
  assert.deepEqual(neededUpstreams(ours), ['qwen'])
})
