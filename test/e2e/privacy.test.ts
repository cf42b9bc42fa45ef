import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { JsonObject } from '../../runner/json.ts'
import { scripted } from '../provider/behaviour.ts'
import type { LedgerEntry } from '../provider/ledger.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, withoutHealthChecks } from '../support/stack-conf.ts'
import { calls, clearLedgers, post, question } from '../support/talk.ts'

/** What a client sends beside its question: none of it moves the request, none of it reaches a provider. */
let stack: Stack
before(async () => {
  stack = await startStack({ recordEvents: true, resources: inTurn(logAtOnce, withoutHealthChecks) })
})
after(() => stack?.close())
beforeEach(async () => {
  clearLedgers(stack)
  await stack.newEvents()
})

const SECRETS = {
  authorization: 'Bearer client-bearer-secret',
  'x-api-key': 'client-x-api-key-secret',
  'api-key': 'client-api-key-secret',
  'x-goog-api-key': 'client-goog-secret',
  'proxy-authorization': 'Basic client-proxy-secret',
  cookie: 'session=client-cookie-secret',
  'openai-organization': 'client-org-secret',
  'openai-project': 'client-project-secret',
}
const FORGED = {
  'x-llm-upstream': 'ollama',
  'x-llm-provider': 'forged',
  'x-llm-model': 'forged',
  'x-consumer-username': 'internal',
  'x-credential-identifier': 'forged',
  'x-consumer-custom-id': 'forged',
  'x-request-id': '11111111-2222-4333-8444-555555555555',
}
const ENDPOINTS: readonly [string, JsonObject, string][] = [
  ['/v1/chat/completions', { model: 'gpt-4' }, 'messages'],
  ['/v1/chat/completions', { model: 'qwen-max', stream: true }, 'messages'],
  ['/v1/chat/completions', { model: 'deepseek-r1:7b' }, 'messages'],
  ['/v1/messages', { model: 'claude-opus-4-8', max_tokens: 9 }, 'messages'],
  ['/v1/completions', { model: 'gpt-3.5-turbo-instruct' }, 'prompt'],
  ['/v1/responses', { model: 'gpt-4o' }, 'input'],
  ['/v1/embeddings', { model: 'text-embedding-3-small' }, 'input'],
]

function sentTo(stack: Stack): LedgerEntry[] {
  return Object.values(stack.providers).flatMap(({ ledger }) => [...ledger.entries])
}

function bodyOf(body: JsonObject, field: string): JsonObject {
  const messages = question()
  return { ...body, [field]: field === 'messages' ? messages : (messages[0]?.content ?? '') }
}

function assertClean(entry: LedgerEntry): void {
  const raw = `${entry.path}\n${entry.rawHeaders.join('\n')}\n${JSON.stringify(entry.body)}`
  for (const word of ['secret=', 'client-', 'forged', 'business_unit_A', stack.keyOf('business_unit_A')]) {
    assert.ok(!raw.includes(word), `${entry.provider} saw ${word} in\n${raw}`)
  }
  for (const header of Object.keys({ apikey: '', ...FORGED })) {
    if (header !== 'x-request-id') assert.equal(entry.headers[header], undefined, header)
  }
  assert.notEqual(entry.headers['x-request-id'], FORGED['x-request-id'])
}

for (const [path, body, field] of ENDPOINTS) {
  test(`${path} for ${body.model}: no credential and no internal header reaches the provider`, async () => {
    const { authorization: _, 'x-api-key': __, ...others } = SECRETS
    // Each kind of client has one header for the gateway's key; the others are what it might send by mistake.
    const own =
      path === '/v1/messages'
        ? { ...others, authorization: SECRETS.authorization, 'x-api-key': stack.keyOf('business_unit_A') }
        : { ...SECRETS, apikey: stack.keyOf('business_unit_A') }
    const response = await post(stack, `${path}?key=client-query&token=client-query`, bodyOf(body, field), {
      ...own,
      ...FORGED,
    })
    assert.equal(response.status, 200, await response.text())
    const entries = sentTo(stack)
    assert.equal(entries.length, 1)
    assertClean(entries[0] as LedgerEntry)
  })
}

test('neither does it on the second and third provider of a failover', async () => {
  const headers = {
    ...SECRETS,
    ...FORGED,
    apikey: stack.keyOf('business_unit_A'),
    ...scripted([
      { only: { provider: 'openai' }, status: 503 },
      { only: { provider: 'qwen' }, status: 503 },
    ]),
  }
  const response = await post(stack, '/v1/chat/completions', bodyOf({ model: 'gpt-4' }, 'messages'), headers)
  assert.equal(response.status, 200)
  assert.deepEqual(calls(stack), { openai: 1, qwen: 1, ollama: 1 })
  for (const entry of sentTo(stack)) assertClean(entry)
  const { openai, qwen } = stack.providers
  assert.notEqual(openai.ledger.last?.credential?.sha256, qwen.ledger.last?.credential?.sha256)
  assert.equal(stack.providers.ollama.ledger.last?.credential, null)
})

test('a client’s own X-LLM-Upstream, X-Request-Id and X-Consumer-Username change nothing', async () => {
  const response = await post(stack, '/v1/chat/completions', bodyOf({ model: 'gpt-4' }, 'messages'), {
    ...FORGED,
    apikey: stack.keyOf('business_unit_B'),
  })
  await response.text()
  assert.deepEqual(calls(stack), { openai: 1 })
  assert.equal(stack.providers.openai.ledger.last?.model, 'gpt-3.5-turbo')
  assert.equal(response.headers.get('x-llm-provider'), 'openai')
  assert.equal(response.headers.get('x-model-fallback'), null)
  assert.notEqual(response.headers.get('x-request-id'), FORGED['x-request-id'])
  const [event] = await stack.newEvents()
  assert.deepEqual([event?.consumer, event?.tier], ['business_unit_B', 'basic'])
})

/** The id of a request that is under way: OpenAI holds it. */
async function holdRequest(): Promise<{ id: string; leave(): Promise<void> }> {
  const left = new AbortController()
  const held = post(
    stack,
    '/v1/chat/completions',
    bodyOf({ model: 'gpt-4', stream: true }, 'messages'),
    { apikey: stack.keyOf('business_unit_A'), ...scripted({ hang: 'after_headers' }) },
    left.signal,
  )
  const response = await held
  return {
    id: response.headers.get('x-request-id') ?? '',
    leave: async () => {
      left.abort()
      await response.text().catch(() => {})
      await stack.providers.openai.ledger.settled()
    },
  }
}

test('the failover route cannot be had from the public port, whatever the headers say', async () => {
  const held = await holdRequest()
  try {
    const { fallbackPort } = stack
    const tricks: Record<string, string>[] = [
      { 'x-request-id': held.id },
      { 'x-request-id': held.id, host: `127.0.0.1:${fallbackPort}` },
      { 'x-request-id': held.id, host: `llm-fallback.local:${fallbackPort}` },
      {
        'x-request-id': held.id,
        'x-forwarded-port': `${fallbackPort}`,
        'x-forwarded-host': 'llm-fallback.local',
      },
      { 'x-request-id': held.id, 'x-server-port': `${fallbackPort}`, 'x-real-ip': '127.0.0.1' },
      { 'x-request-id': held.id, 'x-llm-hop': '1', 'x-llm-attempt': '2', 'x-llm-fallback': 'true' },
    ]
    for (const headers of tricks) {
      const anonymous = await post(
        stack,
        '/v1/chat/completions',
        bodyOf({ model: 'gpt-4' }, 'messages'),
        headers,
      )
      assert.equal(anonymous.status, 401)
      const known = await post(stack, '/v1/chat/completions', bodyOf({ model: 'gpt-4' }, 'messages'), {
        ...headers,
        apikey: stack.keyOf('business_unit_B'),
      })
      assert.equal(known.status, 200)
      assert.notEqual(known.headers.get('x-request-id'), held.id)
      assert.equal(known.headers.get('x-llm-model'), 'gpt-3.5-turbo')
      assert.equal(known.headers.get('x-model-fallback'), null)
      await known.text()
    }
    assert.deepEqual(calls(stack), { openai: 1 + tricks.length })
  } finally {
    await held.leave()
  }
  const events = await stack.newEvents()
  const billed = events.filter(({ consumer }) => consumer === 'business_unit_A')
  assert.deepEqual(
    billed.map(({ request_id }) => request_id),
    [held.id],
  )
})

test('whoever reaches the failover listener without a request of ours is refused and reaches no provider', async () => {
  const url = `http://127.0.0.1:${stack.fallbackPort}/v1/chat/completions`
  for (const id of [undefined, 'nonsense', '11111111-2222-4333-8444-555555555555']) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(id !== undefined && { 'x-request-id': id }) },
      body: JSON.stringify(bodyOf({ model: 'gpt-4' }, 'messages')),
    })
    assert.equal(response.status, 503)
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'no_provider_available')
  }
  assert.deepEqual(calls(stack), {})
})
