import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { type AnyPlugin, definePlugin, PASS } from '../../../runner/plugin.ts'
import { ChainFactory } from '../../../runner/rpc/prepare-chain.ts'

function plugin(name: string, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return {
    ...definePlugin({
      name,
      description: 'test',
      conf: Type.Object(
        { limit: Type.Integer({ default: 7 }), fallback: Type.Optional(Type.Boolean()) },
        { additionalProperties: false },
      ),
      settings: Type.Object({}),
      needs: { body: 'none' },
      onFailure: 'deny',
      open: () => ({}),
      prepare: (conf) => conf,
      decide: () => PASS,
    }),
    ...more,
  } as AnyPlugin
}

function factory(...plugins: AnyPlugin[]): ChainFactory {
  return new ChainFactory(
    new Map(plugins.map((definition) => [definition.name, { definition, shared: 'shared' }])),
    5000,
  )
}
const item = (name: string, value: unknown) => ({
  name,
  value: value === undefined ? undefined : JSON.stringify(value),
})
const causeOf = (error: Error | undefined) => (error?.cause as Error | undefined)?.message ?? ''

test('fills in defaults, keeps the order, and asks for the most that any plugin needs', () => {
  const seen: unknown[] = []
  const chain = factory(
    plugin('a', {
      needs: { body: 'json', vars: ['x', 'y'] },
      prepare: (conf, shared) => seen.push([conf, shared]),
    }),
    plugin('b', { needs: { body: 'raw', vars: ['y', 'z'] }, deadlineMs: 9 }),
  ).prepare({
    key: 'route#r1#ext-plugin-pre-req#17',
    conf: [item('b', { limit: 1 }), item('a', undefined)],
  })
  assert.equal(chain.refusal, undefined)
  assert.equal(chain.routeId, 'r1')
  assert.deepEqual(
    chain.steps.map((step) => [step.plugin, step.deadlineMs]),
    [
      ['b', 9],
      ['a', 5000],
    ],
  )
  assert.deepEqual(chain.needs, { body: 'json', vars: ['y', 'z', 'x'] })
  assert.deepEqual(seen, [[{ limit: 7 }, 'shared']])
})

test('a conf that is wrong anywhere refuses the whole route and says why to the operator only', () => {
  const broken = plugin('broken', {
    prepare: () => {
      throw new Error('/limit is too odd')
    },
  })
  const cases: [unknown[], RegExp][] = [
    [[item('a', { limt: 1, limit: 'x' })], /conf of a: .*unknown key "limt".*\/limit/],
    [[{ name: 'a', value: '{' }], /conf of a is not JSON/],
    [[item('a', []), item('a', {})], /conf of a/],
    [[item('a', {}), item('nobody', {})], /"nobody" is not installed; there are a, broken/],
    [[item('broken', {})], /conf of broken: \/limit is too odd/],
  ]
  for (const [conf, reason] of cases) {
    const chain = factory(plugin('a'), broken).prepare({ key: 'route#r1#p#1', conf: conf as never })
    assert.deepEqual(chain.steps, [])
    assert.equal(chain.refusal?.code, 'CONF_INVALID')
    assert.match(causeOf(chain.refusal), reason)
    assert.doesNotMatch(chain.refusal?.message ?? '', reason)
  }
})

test('one plugin that continues an earlier pass makes the whole chain do so', () => {
  const continues = plugin('c', {
    continuesRequest: (conf: { fallback?: boolean }) => conf.fallback === true,
  })
  const prepare = (fallback: boolean) =>
    factory(plugin('a'), continues).prepare({
      key: 'route#r#p#1',
      conf: [item('c', { fallback }), item('a', {})],
    })
  assert.equal(prepare(true).continuesRequest, true)
  assert.equal(prepare(false).continuesRequest, false)
})

test('a key of another form stands for itself', () => {
  assert.equal(factory().prepare({ key: 'global_rule#1', conf: [] }).routeId, 'global_rule#1')
})
