// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of this form are what is tested
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesBetween, isSame } from '../../../../apisix-conf/cli/compare.ts'

const route = (value: string, more: object = {}) => ({
  uri: '/a',
  plugins: { 'ext-plugin-pre-req': { conf: [{ name: 'llm-router', value }] } },
  ...more,
})

test('takes confs of the runner for what they say, not for how they are written', () => {
  assert.ok(isSame('routes', route('{"a":1,"b":2}'), route('{ "b": 2, "a": 1 }')))
  assert.ok(!isSame('routes', route('{"a":1}'), route('{"a":2}')))
})

test('ignores what the Admin API adds, and what it does not give back', () => {
  const live = { ...route('{}'), id: 'x', create_time: 1, update_time: 2 }
  assert.ok(isSame('routes', live, route('{}')))
  assert.ok(isSame('ssls', { snis: ['a'], cert: 'c', id: 'x' }, { snis: ['a'], cert: 'c', key: 'pem' }))
})

test('shows each change by its path, inside confs of the runner too', () => {
  const changes = changesBetween('routes', route('{"a":1}', { desc: 'x' }), route('{"a":2}', { priority: 1 }))
  assert.deepEqual(changes, [
    { path: '/desc', from: '"x"', to: undefined },
    { path: '/plugins/ext-plugin-pre-req/conf/0/value/a', from: '1', to: '2' },
    { path: '/priority', from: undefined, to: '1' },
  ])
})

test('says that a key changes, never from what to what', () => {
  const consumer = (key: string) => ({ username: 'a', plugins: { 'key-auth': { key } } })
  assert.deepEqual(changesBetween('consumers', consumer('old-key'), consumer('new-key')), [
    { path: '/plugins/key-auth/key', from: '"(secret)"', to: '"(secret)"' },
  ])
})

test('cuts long values', () => {
  const [change] = changesBetween('routes', {}, { desc: 'x'.repeat(5000) })
  assert.ok((change?.to?.length ?? 0) < 300)
})
