import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import OpenAI from 'openai'
import type { JsonObject } from '../../runner/json.ts'
import { scripted } from '../provider/behaviour.ts'
import { type ConfChange, type Consumer, type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, withoutHealthChecks } from '../support/stack-conf.ts'
import { calls, chat, clearLedgers, eventually, question } from '../support/talk.ts'

/** Who is sent where, by the policies of apisix-conf and by those that a test writes. */
let stack: Stack
before(async () => {
  stack = await startStack({
    recordEvents: true,
    resources: inTurn(logAtOnce, withoutHealthChecks),
    settings: () => ({ plugins: { 'llm-router': { refresh_ms: 50, flush_ms: 5 } } }),
  })
})
after(() => stack?.close())
beforeEach(async () => {
  clearLedgers(stack)
  await stack.newEvents()
})

const router =
  (change: (conf: JsonObject) => JsonObject): ConfChange =>
  (plugin, conf) =>
    plugin === 'llm-router' ? { ...conf, ...change(conf) } : conf

interface Policy {
  readonly what: string
  readonly consumer: Consumer
  readonly model: string
  readonly headers?: Record<string, string>
  readonly provider: string
  readonly sent: string
  readonly called: 'openai' | 'qwen' | 'ollama'
}
const policies: readonly Policy[] = [
  {
    what: 'gpt-4 of premium goes to OpenAI',
    ...{ consumer: 'business_unit_A', model: 'gpt-4', provider: 'openai', sent: 'gpt-4', called: 'openai' },
  },
  {
    what: 'gpt-4 of basic goes down to gpt-3.5-turbo',
    ...{
      consumer: 'business_unit_B',
      model: 'gpt-4',
      provider: 'openai',
      sent: 'gpt-3.5-turbo',
      called: 'openai',
    },
  },
  {
    what: 'gpt-4 of internal stays gpt-4',
    ...{
      consumer: 'internal',
      model: 'gpt-4-turbo',
      provider: 'openai',
      sent: 'gpt-4-turbo',
      called: 'openai',
    },
  },
  {
    what: 'anything qwen goes to DashScope',
    ...{
      consumer: 'business_unit_B',
      model: 'qwen-plus',
      provider: 'dashscope',
      sent: 'qwen-plus',
      called: 'qwen',
    },
  },
  {
    what: 'prefer_local goes to Ollama first, as its own model',
    ...{ consumer: 'business_unit_A', model: 'gpt-3.5-turbo', headers: { 'x-prefer-local': 'true' } },
    ...{ provider: 'ollama', sent: 'deepseek-r1:7b', called: 'ollama' },
  },
  {
    what: 'a local model goes to Ollama',
    ...{
      consumer: 'business_unit_B',
      model: 'deepseek-r1:7b',
      provider: 'ollama',
      sent: 'deepseek-r1:7b',
      called: 'ollama',
    },
  },
]

for (const { what, consumer, model, headers = {}, provider, sent, called } of policies) {
  for (const stream of [false, true]) {
    test(`${what}, ${stream ? 'streamed' : 'as JSON'}`, async () => {
      const seen = await chat(stack, { consumer, model, stream, headers })
      assert.equal(seen.status, 200)
      assert.equal(seen.headers.get('x-llm-provider'), provider)
      assert.equal(seen.headers.get('x-llm-model'), sent)
      assert.equal(seen.headers.get('x-model-fallback'), null)
      assert.equal(seen.headers.get('x-fallback-reason'), null)
      assert.match(seen.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
      assert.deepEqual(calls(stack), { [called]: 1 })
      const entry = stack.providers[called].ledger.last
      assert.equal(entry?.model, sent)
      const [event, ...others] = await stack.newEvents()
      assert.equal(others.length, 0)
      assert.deepEqual([event?.requested_model, event?.model, event?.provider], [model, sent, provider])
      assert.deepEqual([event?.consumer, event?.total_t], [consumer, entry?.totalTokens])
    })
  }
}

test('prefer_local falls back to OpenAI while Ollama is down', async () => {
  const headers = { 'x-prefer-local': 'true', ...scripted([{ only: { provider: 'ollama' }, status: 503 }]) }
  const seen = await chat(stack, { model: 'gpt-3.5-turbo', headers })
  assert.equal(seen.headers.get('x-llm-provider'), 'openai')
  assert.equal(seen.headers.get('x-model-fallback'), 'true')
  assert.deepEqual(calls(stack), { openai: 1, ollama: 1 })
})

test('a model that nobody knows is 404 model_not_found and reaches nobody', async () => {
  for (const stream of [false, true]) {
    const seen = await chat(stack, { model: 'no-such-model', stream })
    assert.equal(seen.status, 404)
    assert.ok(seen.error instanceof OpenAI.NotFoundError)
    assert.deepEqual([seen.error.code, seen.error.param], ['model_not_found', 'model'])
  }
  assert.deepEqual(calls(stack), {})
})

test('a tier has its list of models: others are as if they did not exist, in requests and in GET /v1/models', async () => {
  const allowed = { basic: ['gpt-3.5-*', 'qwen-turbo'] }
  const listed = ['gpt-4', 'gpt-3.5-turbo', 'qwen-turbo', 'qwen-max']
  await stack.apply(router(() => ({ allowed_models: allowed, listed_models: listed })))
  try {
    const refused = await chat(stack, { consumer: 'business_unit_B', model: 'qwen-max' })
    assert.deepEqual([refused.status, refused.error?.code], [404, 'model_not_found'])
    assert.equal((await chat(stack, { consumer: 'business_unit_B', model: 'qwen-turbo' })).status, 200)
    assert.equal((await chat(stack, { consumer: 'business_unit_A', model: 'qwen-max' })).status, 200)
    const namesFor = async (consumer: Consumer) =>
      (await stack.client(consumer).models.list()).data.map(({ id }) => id)
    assert.deepEqual(await namesFor('business_unit_B'), ['gpt-3.5-turbo', 'qwen-turbo'])
    const premium = await namesFor('business_unit_A')
    for (const name of listed) assert.ok(premium.includes(name), name)
    assert.equal((await stack.client('business_unit_A').models.retrieve('qwen-max')).owned_by, 'dashscope')
    await assert.rejects(stack.client('business_unit_B').models.retrieve('qwen-max'), {
      status: 404,
      code: 'model_not_found',
    })
  } finally {
    await stack.apply()
  }
  assert.equal(stack.providers.openai.ledger.probes, 0)
})

test('a prompt that is too long for the model goes to the bigger one that the rule names', async () => {
  const content = 'Some words of a long book. '.repeat(1600)
  const seen = await chat(stack, {
    model: 'gpt-4',
    messages: [{ role: 'assistant', content }, ...question()],
  })
  assert.equal(seen.status, 200)
  assert.equal(seen.headers.get('x-llm-model'), 'gpt-4o')
  assert.equal(seen.headers.get('x-model-fallback'), 'true')
  assert.equal(seen.headers.get('x-fallback-reason'), 'context_length')
  assert.equal((await stack.newEvents())[0]?.fallback_reason, 'context_length')
})

test('too long for every model of the rule is 400 context_length_exceeded, in OpenAI’s words', async () => {
  const windows = { 'gpt-4': { context_window: 1000 } }
  await stack.apply(
    router(({ providers }) => {
      const all = providers as Record<string, object>
      const rule = { name: 'only', targets: [{ provider: 'openai' }] }
      return { providers: { ...all, openai: { ...all.openai, models: windows } }, rules: [rule] }
    }),
  )
  const content = 'Some words of a long book. '.repeat(400)
  const seen = await chat(stack, {
    model: 'gpt-4',
    messages: [{ role: 'assistant', content }, ...question()],
  })
  const fits = await chat(stack, { model: 'gpt-4' })
  await stack.apply()
  assert.deepEqual([seen.status, seen.error?.code], [400, 'context_length_exceeded'])
  assert.match(seen.error?.message ?? '', /maximum context length is 1000 tokens/)
  assert.equal(fits.status, 200)
  assert.deepEqual(calls(stack), { openai: 1 })
})

test('while the queue of a provider is full its spill goes to the local model, and comes back afterwards', async () => {
  const conf = router(({ providers }) => {
    const all = providers as Record<string, object>
    const spill = { provider: 'ollama', model: 'deepseek-r1:7b', share: 1 }
    return { providers: { ...all, openai: { ...all.openai, max_queue: 1 } }, spill }
  })
  await stack.apply(conf)
  try {
    const left = new AbortController()
    const asked: Promise<void>[] = []
    const headers = scripted([{ only: { provider: 'openai' }, delay_ms: 300_000 }])
    const held = () => stack.providers.openai.ledger.totals.calls
    // Requests of earlier tests may still be counted as under way, so that one of these spills: then there is another.
    while (held() < 2) {
      const before = held()
      let answered = false
      const request = stack
        .client('internal')
        .chat.completions.create(
          { model: 'gpt-4', messages: question() },
          { headers, signal: left.signal, timeout: 600_000 },
        )
        .then(
          () => {
            answered = true
          },
          () => {},
        )
      asked.push(request)
      await eventually(() => (answered || held() > before ? true : undefined), 'the slow request')
    }
    const spilled = await eventually(async () => {
      const seen = await chat(stack, { consumer: 'internal' })
      return seen.headers.get('x-llm-provider') === 'ollama' ? seen : undefined
    }, 'the spill')
    assert.equal(spilled.headers.get('x-fallback-reason'), 'queue_full')
    assert.equal(spilled.model, 'deepseek-r1:7b')
    left.abort()
    await Promise.all(asked)
    await eventually(async () => {
      const seen = await chat(stack, { consumer: 'internal' })
      return seen.headers.get('x-llm-provider') === 'openai' ? true : undefined
    }, 'the way back')
  } finally {
    await stack.apply()
  }
})

test('an A/B split by weight keeps each conversation where it is', async () => {
  const targets = [
    { provider: 'openai', model: 'gpt-4o', weight: 1 },
    { provider: 'dashscope', model: 'qwen-max', weight: 1 },
  ]
  const rule = { name: 'a/b', strategy: 'weighted', sticky: 'conversation', targets }
  await stack.apply(router(() => ({ rules: [rule] })))
  try {
    const homes = new Map<string, string>()
    for (let turn = 0; turn < 2; turn++) {
      for (let conversation = 0; conversation < 12; conversation++) {
        const headers = { 'x-conversation-id': `talk-${conversation}` }
        const seen = await chat(stack, { consumer: 'internal', headers })
        const provider = seen.headers.get('x-llm-provider') ?? ''
        const home = homes.get(`${conversation}`) ?? provider
        homes.set(`${conversation}`, home)
        assert.equal(provider, home)
      }
    }
    assert.equal(new Set(homes.values()).size, 2)
  } finally {
    await stack.apply()
  }
})
