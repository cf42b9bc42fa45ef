import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chain } from '../../../runner/rpc/chain.ts'
import type { PrepareConf } from '../../../runner/rpc/codec.ts'
import { LocalConfRegistry } from '../../../runner/rpc/conf-registry.ts'
import { ConfStore, type InstalledConf } from '../../../runner/rpc/conf-store.ts'
import { ConfTokens } from '../../../runner/rpc/conf-tokens.ts'

const chain = {
  routeId: 'r',
  steps: [],
  needs: { body: 'none', vars: [] },
  continuesRequest: false,
  refusal: undefined,
} as const satisfies Chain
const conf = (key: string): PrepareConf => ({ kind: 'prepare-conf', key, conf: [{ name: 'p', value: '{}' }] })

test('a process that starts after another cannot make a token that the other one made', async () => {
  const first = new ConfTokens()
  const before = await Promise.all(Array.from({ length: 50 }, () => first.next()))
  const second = new ConfTokens()
  const after = await Promise.all(Array.from({ length: 50 }, () => second.next()))
  assert.equal(new Set([...before, ...after]).size, 100)
  assert.ok(Math.max(...before) < Math.min(...after))
})

test('tokens never run ahead of the clock', async () => {
  const tokens = new ConfTokens()
  const made = await Promise.all(Array.from({ length: 20 }, () => tokens.next()))
  assert.ok(Math.max(...made) < Date.now() % 2 ** 32)
})

test('token 0, which means absent on the wire, is never given out', async () => {
  let now = 2 ** 32 - 1
  const tokens = new ConfTokens(() => now++)
  assert.equal(await tokens.next(), 2 ** 32 - 1)
  assert.equal(await tokens.next(), 1)
})

test('the same key and conf get the same token, and every preparation announces it', async () => {
  const announced: InstalledConf[] = []
  const registry = new LocalConfRegistry((installed) => {
    announced.push(installed)
  })
  const [a, b] = await Promise.all([registry.register(conf('route#1')), registry.register(conf('route#1'))])
  const c = await registry.register(conf('route#2'))
  assert.equal(a, b)
  assert.notEqual(a, c)
  assert.deepEqual(announced.map(({ token }) => token).sort(), [a, a, c].sort())
})

test('a token is told only after every worker has the conf', async () => {
  let release: () => void = () => {}
  const registry = new LocalConfRegistry(
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  let told = false
  const pending = registry.register(conf('route#1')).then(() => {
    told = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(told, false)
  release()
  await pending
  assert.equal(told, true)
})

test('confs that nobody uses expire, used ones stay', () => {
  let now = 0
  const store = new ConfStore(
    () => chain,
    () => now,
  )
  store.install({ token: 1, key: 'a', conf: [] })
  store.install({ token: 2, key: 'b', conf: [] })
  now = 900
  store.get(1)
  now = 1500
  assert.equal(store.expire(1000), 1)
  assert.equal(store.get(1), chain)
  assert.throws(() => store.get(2), { code: 'CONF_TOKEN_UNKNOWN' })
})
