import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { policies, problemsOf, ref, routeOf, simpleRoute } from './support.ts'

const targets = [{ provider: 'a' }]

test('names the environment variable that is missing, and no value', () => {
  const providers = { a: { type: 'openai', upstream: 'a', api_key: ref('NOT_SET') } }
  assert.throws(() => simpleRoute(providers, targets), {
    message: 'providers/a: the environment variable NOT_SET is not set',
  })
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
