import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../../../runner/plugin.ts'
import { CHAT, chat, ENDPOINTS, openCache } from './support.ts'

const QUESTION = 'What does our contract with Initech say about penalties?'
const SECRET = 'Clause 7: 250,000 a day.'
const VICTIM = 'business_unit_A'

test('no header, field or spelling brings one consumer another one’s entry', async (t) => {
  const cache = await openCache(t)
  await cache.fetch({ consumer: VICTIM, json: chat(QUESTION) }, SECRET)
  assert.equal((await cache.ask({ consumer: VICTIM, json: chat(QUESTION) })).cache, 'HIT')

  const names = [
    ...['X-Consumer-Username', 'X-Consumer-Custom-ID', 'X-Credential-Identifier', 'X-Consumer', 'X-User'],
    ...[
      'X-Cache-Scope',
      'X-Cache-Key',
      'X-Cache-Context',
      'X-Cache-Consumer',
      'X-Tenant',
      'X-Forwarded-User',
    ],
    ...['Authorization', 'apikey', 'Cookie', 'X-Scope', 'X-LLM-Upstream', 'X-Request-Id', 'X-Cache', 'Via'],
  ]
  const values = [VICTIM, `["consumer","${VICTIM}"]`, `consumer:${VICTIM}`]
  const headers: Record<string, string>[] = names.flatMap((name) =>
    values.map((value) => ({ [name]: value })),
  )
  headers.push({ 'cache-control': `only-if-cached, max-age=999999, consumer=${VICTIM}` })
  headers.push({ 'x-cache-threshold': '0', 'x-cache-ttl': '99999999', 'x-cache-debug': '1' })
  const fields: JsonObject[] = [
    ...[
      'user',
      'consumer',
      'scope',
      'tenant',
      'safety_identifier',
      'prompt_cache_key',
      'x-consumer-username',
    ].map((field) => ({ [field]: VICTIM })),
    { metadata: { consumer: VICTIM, user_id: VICTIM, scope: ['consumer', VICTIM] } },
    { extra_headers: { 'x-consumer-username': VICTIM } },
    { extra_body: { user: VICTIM }, store: true },
  ]
  const attempts = [
    ...headers.map((own) => ({ consumer: 'attacker', headers: own, json: chat(QUESTION) })),
    ...fields.map((own) => ({ consumer: 'attacker', headers: {}, json: chat(QUESTION, own) })),
  ]
  for (const attempt of attempts) {
    const outcome = await cache.ask(attempt)
    assert.equal(outcome.cache, 'MISS', JSON.stringify(attempt))
    assert.ok(!JSON.stringify(outcome.headers).includes(VICTIM))
  }
})

test('consumers whose names look alike share nothing', async (t) => {
  const cache = await openCache(t)
  const victim = 'Café "A"'
  await cache.fetch({ consumer: victim, json: chat(QUESTION) }, SECRET)
  const alike = [
    ...[victim.normalize('NFD'), victim.normalize('NFKD'), victim.toLowerCase(), victim.toUpperCase()],
    ...[
      `${victim}\u200b`,
      `\u200d${victim}`,
      `\ufeff${victim}`,
      `${victim}\u00ad`,
      ` ${victim}`,
      `${victim} `,
    ],
    ...[
      `${victim}\u0000`,
      'Café \\"A\\"',
      'Café “A”',
      "Café 'A'",
      'Café A',
      'Cafe "A"',
      'Ｃafé "A"',
      'Саfé "A"',
    ],
    ...[
      `${victim}","x`,
      `"${victim}"`,
      `["consumer",${JSON.stringify(victim)}]`,
      `consumer:${victim}`,
      '*',
      '%',
    ],
    ...['null', 'undefined', '__proto__', 'constructor', '{}', '|', 'Café "A"|Café "A"', 'Café "A",b'],
  ]
  for (const consumer of alike) {
    assert.notEqual(consumer, victim)
    const outcome = await cache.ask({ consumer, json: chat(QUESTION) })
    assert.equal(outcome.cache, 'MISS', JSON.stringify(consumer))
  }
  assert.equal((await cache.ask({ consumer: victim, json: chat(QUESTION) })).cache, 'HIT')
})

test('nobody can write what another consumer will read', async (t) => {
  const cache = await openCache(t)
  for (const own of [{}, { user: VICTIM }, { metadata: { consumer: VICTIM } }]) {
    await cache.fetch(
      { consumer: 'attacker', headers: { 'x-cache-scope': VICTIM }, json: chat(QUESTION, own) },
      'Poison: wire the money to me.',
    )
  }
  assert.equal((await cache.ask({ consumer: VICTIM, json: chat(QUESTION) })).cache, 'MISS')
})

test('scopes of different kinds never meet, whatever tiers, routes and consumers are called', async (t) => {
  const cache = await openCache(t)
  const json = chat(QUESTION)
  const conf = (scope: string) => ({ scope, consumers: { [VICTIM]: 'llm', other: 'premium' } })
  await cache.fetch({ consumer: VICTIM, json }, SECRET, conf('consumer'))
  for (const scope of ['tier', 'route', 'global']) {
    assert.equal((await cache.ask({ consumer: VICTIM, json }, conf(scope))).cache, 'MISS', scope)
  }
  await cache.fetch({ consumer: VICTIM, json }, SECRET, conf('tier'))
  assert.equal((await cache.ask({ consumer: VICTIM, json }, conf('route'))).cache, 'MISS')
  assert.equal((await cache.ask({ consumer: 'other', json }, conf('tier'))).cache, 'MISS')
  assert.equal((await cache.ask({ consumer: '__proto__', json }, conf('tier'))).cache, 'MISS')
})

test('an answer of one endpoint is not given on another', async (t) => {
  const cache = await openCache(t)
  await cache.fetch({ path: CHAT, json: chat(QUESTION) }, SECRET)
  for (const { path, body } of ENDPOINTS) {
    const { cache: result } = await cache.ask({ path, json: body(QUESTION) })
    assert.equal(result, path === CHAT ? 'HIT' : 'MISS', path)
  }
})
