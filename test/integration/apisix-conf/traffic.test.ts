import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { scripted } from '../../provider/behaviour.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { upstream } from '../../support/stack-conf.ts'
import { calls, chat, eventually } from '../../support/talk.ts'

let stack: Stack
before(async () => {
  stack = await startStack()
})
after(() => stack.close())

const body = (model: string, more: object = {}) =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'What is a gateway?' }], ...more })

function post(path: string, text: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${stack.gatewayUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', apikey: stack.keyOf('business_unit_A'), ...headers },
    body: text,
  })
}

test('shows a provider neither who asks, nor the key of the consumer, nor how it was chosen', async () => {
  const answer = await post('/v1/chat/completions', body('gpt-4'), { cookie: 'session=1' })
  assert.equal(answer.status, 200)
  await answer.text()
  const { headers } = stack.providers.openai.ledger.last ?? assert.fail('no call')
  const names = Object.keys(headers as object)
  const hidden = ['apikey', 'x-llm-upstream', 'x-consumer-username', 'x-credential-identifier', 'cookie']
  assert.deepEqual(
    names.filter((name) => hidden.includes(name)),
    [],
  )
  assert.equal(JSON.stringify(headers).includes(stack.keyOf('business_unit_A')), false)
})

test('ignores an X-LLM-Upstream of the client', async () => {
  const answer = await post('/v1/chat/completions', body('gpt-4'), { 'x-llm-upstream': 'ollama' })
  await answer.text()
  assert.equal(answer.headers.get('x-llm-provider'), 'openai')
})

test('names, after a failover, the provider that answered, once', async () => {
  const headers = scripted([{ only: { provider: 'openai' }, status: 503 }])
  const answer = await post('/v1/chat/completions', body('gpt-4'), headers)
  assert.equal(answer.status, 200)
  await answer.text()
  assert.equal(answer.headers.get('x-llm-provider'), 'dashscope')
  assert.equal(answer.headers.get('x-llm-model'), 'qwen-max')
  assert.equal(answer.headers.get('x-model-fallback'), 'true')
  assert.match(answer.headers.get('x-fallback-reason') ?? '', /^[a-z_]+$/)
})

test('answers 503 with an error object when every provider of the rule fails', async () => {
  const answer = await post('/v1/chat/completions', body('gpt-4'), scripted({ status: 503 }))
  assert.equal(answer.status, 503)
  const { error } = (await answer.json()) as { error: { type: string } }
  assert.equal(typeof error.type, 'string')
  assert.ok(answer.headers.get('retry-after'))
})

test('takes the key of an Anthropic client from x-api-key', async () => {
  const answer = await fetch(`${stack.gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stack.keyOf('business_unit_A') },
    body: body('claude-sonnet-4-5', { max_tokens: 16 }),
  })
  assert.equal(answer.status, 200, await answer.clone().text())
  assert.equal(answer.headers.get('x-llm-provider'), 'anthropic')
})

test('lists models, and refuses whoever has no key', async () => {
  const url = `${stack.gatewayUrl}/v1/models`
  const answer = await fetch(url, { headers: { apikey: stack.keyOf('business_unit_B') } })
  assert.equal(answer.status, 200)
  const { data } = (await answer.json()) as { data: { id: string }[] }
  assert.ok(data.length > 0)
  assert.equal((await fetch(url)).status, 401)
  assert.equal((await post('/v1/chat/completions', body('gpt-4'), { apikey: 'wrong' })).status, 401)
})

test('bills a failover once, to the provider that answered', async () => {
  const before = await stack.usage('internal', 0)
  const headers = {
    apikey: stack.keyOf('internal'),
    ...scripted([{ only: { provider: 'openai' }, status: 500 }]),
  }
  await (await post('/v1/chat/completions', body('gpt-4'), headers)).text()
  const usage = await stack.usage('internal', before.requests + 1)
  assert.equal(usage.requests, before.requests + 1)
  const call = stack.providers.qwen.ledger.last ?? assert.fail('no call')
  assert.equal(usage.total_t - before.total_t, call.promptTokens + call.completionTokens)
})

test('fails over between https providers through the TLS listener, in streams and in JSON, with their health checked', async () => {
  // As shipped, but that a test cannot wait 10 s for a check.
  const quick = upstream('*', ({ checks }) => {
    const { active, ...rest } = checks as { active: { healthy: object; unhealthy: object } }
    const often = {
      healthy: { ...active.healthy, interval: 1 },
      unhealthy: { ...active.unhealthy, interval: 1 },
    }
    return { checks: { ...rest, active: { ...active, ...often } } }
  })
  const secure = await startStack({ https: true, resources: quick })
  try {
    for (const stream of [false, true]) {
      const straight = await chat(secure, { stream })
      assert.deepEqual([straight.status, straight.headers.get('x-llm-provider')], [200, 'openai'])
      const headers = scripted([
        { only: { provider: 'openai' }, status: 429 },
        { only: { provider: 'qwen' }, cut: 'before_headers' },
      ])
      const seen = await chat(secure, { stream, headers })
      assert.deepEqual([seen.status, seen.broken, seen.finish], [200, false, 'stop'])
      assert.equal(seen.headers.get('x-llm-provider'), 'ollama')
      assert.equal(seen.headers.get('x-model-fallback'), 'true')
      const refused = await chat(secure, { stream, headers: scripted({ status: 503 }) })
      assert.deepEqual([refused.status, refused.error?.code], [503, 'no_provider_available'])
    }
    assert.deepEqual(calls(secure), { openai: 6, qwen: 4, ollama: 4 })
    const healthy = async () => {
      const answer = await fetch(`${secure.gateway?.controlUrl}/v1/healthcheck`)
      // Lua writes a list without entries as an object.
      const checkers = (await answer.json()) as { nodes: Record<string, { status: string }> }[]
      return checkers.flatMap(({ nodes }) => Object.values(nodes).map(({ status }) => status))
    }
    const probes = () => Object.values(secure.providers).filter(({ ledger }) => ledger.probes > 0).length
    await eventually(() => (probes() >= 3 ? true : undefined), 'checks over TLS')
    assert.deepEqual([...new Set(await healthy())], ['healthy'])
  } finally {
    await secure.close()
  }
})
