import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { chat, policies, problemsOf, ref, routeOf, run, simpleRoute } from './support.ts'

const targets = [{ provider: 'a' }]

test('refuses a conf none of whose rules has a target with a key, naming the variables and no value', () => {
  const providers = { a: { type: 'openai', upstream: 'a', api_keys: [ref('NOT_SET'), ref('NOR_THIS')] } }
  assert.throws(() => simpleRoute(providers, targets), {
    message:
      'no rule has a target with a key: providers/a: the environment variable NOT_SET is not set, providers/a: the environment variable NOR_THIS is not set',
  })
})

const keyless = {
  a: { type: 'openai', upstream: 'a', api_key: ref('NOT_SET'), models: { m: {} } },
  b: { type: 'openai', upstream: 'b', api_keys: [ref('NOT_SET'), ref('OPENAI_API_KEY')] },
}

test('leaves a provider without a key out of its rules, and uses the keys that are there', async () => {
  const spill = { provider: 'a', model: 'm', share: 1 }
  const overflow = { context_overflow: [{ provider: 'a' }] }
  const route = simpleRoute(keyless, [...targets, { provider: 'b' }], { spill }, overflow)
  assert.deepEqual([route.rules[0]?.overflow, route.spill], [[], undefined])
  for (let i = 0; i < 2; i++) {
    const { sent, respHeaders } = await run(route, { json: chat('m') })
    assert.equal(sent.header('authorization'), 'Bearer sk-openai')
    // Nothing has failed: this is what the conf means without the key.
    assert.equal(respHeaders['X-Model-Fallback'], undefined)
  }
})

test('refuses requests of a rule that has no key at all, without giving them to the next rule', async () => {
  const rules = [
    { name: 'only a', when: { models: ['m'] }, targets },
    { name: 'rest', targets: [{ provider: 'b' }] },
  ]
  const route = routeOf({ providers: keyless, rules, listed_models: ['other'] })
  const { status, error, respHeaders } = await run(route, { json: chat('m') })
  assert.deepEqual([status, error?.code, respHeaders['retry-after']], [503, 'no_provider_available', '60'])
  assert.equal((await run(route, { json: chat('other') })).sent.header('x-llm-upstream'), 'b')
})

test('refuses a key that is written into the conf, without repeating it', () => {
  const providers = { a: { type: 'openai', upstream: 'a', api_key: 'sk-secret' } }
  const problems = problemsOf({ ...policies, providers })
  assert.equal(problems.length, 1)
  assert.doesNotMatch(problems.join(), /sk-secret/)
})

test('refuses targets of unknown providers and says which there are', () => {
  assert.throws(() => simpleRoute({ a: { upstream: 'a' } }, [{ provider: 'b' }]), {
    message: 'rules/0/targets/0: there is no provider b; there are a',
  })
})

test('refuses Azure without an API version, two rules of one name, a path of another endpoint, a bad time zone', () => {
  const a = { a: { upstream: 'a' } }
  assert.throws(() => simpleRoute({ a: { type: 'azure', upstream: 'a' } }, targets), /needs api_version/)
  const rules = [
    { name: 'x', targets },
    { name: 'x', targets },
  ]
  assert.throws(() => routeOf({ providers: a, rules }), /two rules named x/)
  const odd = { a: { upstream: 'a', paths: { embeddings: '/v1/vectors' } } }
  assert.throws(() => simpleRoute(odd, targets), /does not end like a path of embeddings/)
  const time = { from: '09:00', to: '17:00', time_zone: 'Mars/Olympus' }
  assert.throws(() => simpleRoute(a, targets, {}, { when: { time } }), /no time zone Mars\/Olympus/)
  assert.throws(() => simpleRoute(a, targets, {}, { sticky: 'consumer' }), /sticky needs/)
})

test('refuses keys that it does not know', () => {
  assert.match(problemsOf({ ...policies, providerz: {} }).join(), /unknown key "providerz"/)
})

test('takes the example of the README', () => {
  const readme = readFileSync(new URL('../../../../plugins/llm-router/README.md', import.meta.url), 'utf8')
  const example = /```json\n([\s\S]+?)```/.exec(readme)?.[1] ?? ''
  assert.equal(routeOf(JSON.parse(example)).rules.length, 4)
})
