import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { UsageEvent } from '../../runner/plugin.ts'
import { type Behaviour, scripted } from '../provider/behaviour.ts'
import { freePort } from '../support/free-port.ts'
import { type ResourceChange, type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, movedTo, upstream, withoutHealthChecks } from '../support/stack-conf.ts'
import { calls, chat, clearLedgers, eventually, parseSse, type Seen } from '../support/talk.ts'

/**
 * The failover matrix of docs/failover.md: what fails, what the client sees, who is called, what is billed. Health
 * checks and breakers stay out of it, so that every row asks the primary; health.test.ts has them.
 */
const READ_TIMEOUT_S = 1
const readTimeout = (seconds: number) =>
  upstream('*', () => ({ timeout: { connect: 1, send: 5, read: seconds } }))
const base: ResourceChange = inTurn(logAtOnce, withoutHealthChecks, readTimeout(READ_TIMEOUT_S))

const NEVER_OPEN = {
  failure_threshold: 1_000_000,
  cut_threshold: 1_000_000,
  rate_limit_threshold: 1_000_000,
}

let stack: Stack
before(async () => {
  stack = await startStack({
    tlsFallback: true,
    recordEvents: true,
    resources: base,
    settings: () => ({
      plugins: { 'llm-router': { breaker: NEVER_OPEN } },
    }),
  })
})
after(() => stack?.close())
beforeEach(() => clearLedgers(stack))

const atOpenai = (behaviour: Behaviour) => scripted([{ ...behaviour, only: { provider: 'openai' } }])

async function onlyEvent(): Promise<UsageEvent> {
  const events = await stack.newEvents()
  assert.equal(events.length, 1, `one request is billed once: ${JSON.stringify(events)}`)
  return events[0] as UsageEvent
}

/** Another provider answers, and nothing in the answer shows a seam. */
async function assertFellOver(seen: Seen, stream: boolean, primaryStatus: number, wasCalled: boolean) {
  assert.equal(seen.status, 200)
  assert.equal(seen.broken, false)
  assert.equal(seen.headers.get('x-model-fallback'), 'true')
  const reason = primaryStatus === 429 ? 'rate_limited' : 'primary_unavailable'
  assert.equal(seen.headers.get('x-fallback-reason'), reason)
  assert.equal(seen.headers.get('x-llm-provider'), 'dashscope')
  assert.equal(seen.headers.get('x-llm-model'), 'qwen-max')
  assert.match(seen.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(seen.model, 'qwen-max')
  assert.match(seen.text, /^Answer of qwen as qwen-max .*scripted for tests\.$/)
  assert.equal(seen.finish, 'stop')
  if (stream) {
    assert.match(seen.headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.equal(parseSse(seen.raw).at(-1)?.data, '[DONE]')
  }
  assert.deepEqual(calls(stack), { ...(wasCalled && { openai: 1 }), qwen: 1 })
  const event = await onlyEvent()
  const bill = stack.providers.qwen.ledger.last
  assert.equal(event.request_id, seen.headers.get('x-request-id'))
  assert.deepEqual(
    [event.outcome, event.provider, event.model, event.status],
    ['completed', 'dashscope', 'qwen-max', 200],
  )
  assert.deepEqual([event.prompt_t, event.completion_t], [bill?.promptTokens, bill?.completionTokens])
  assert.equal(event.usage_estimated, false)
  assert.equal(event.fallback, true)
  assert.equal(event.fallback_reason, reason)
  assert.deepEqual(event.attempts, [
    { provider: 'openai', model: 'gpt-4', status: primaryStatus },
    { provider: 'dashscope', model: 'qwen-max', status: 200 },
  ])
}

interface Row {
  readonly what: string
  readonly behaviour?: Behaviour
  /** Status that nginx notes for the failed attempt. */
  readonly noted: number
}
const beforeTheFirstByte: readonly Row[] = [
  { what: '429', behaviour: { status: 429 }, noted: 429 },
  { what: '500', behaviour: { status: 500 }, noted: 500 },
  { what: '502', behaviour: { status: 502 }, noted: 502 },
  { what: '503', behaviour: { status: 503 }, noted: 503 },
  { what: '504', behaviour: { status: 504 }, noted: 504 },
  { what: 'a connection closed before the headers', behaviour: { cut: 'before_headers' }, noted: 502 },
  { what: 'a reset before the headers', behaviour: { cut: 'before_headers', reset: true }, noted: 502 },
  { what: 'no headers in time', behaviour: { hang: 'before_headers' }, noted: 504 },
]
const forms = [
  [false, 'JSON'],
  [true, 'a stream'],
] as const

for (const [stream, form] of forms) {
  for (const { what, behaviour = {}, noted } of beforeTheFirstByte) {
    test(`${what} from the primary: ${form} comes whole from the fallback and is billed once`, async () => {
      const seen = await chat(stack, { stream, headers: atOpenai(behaviour) })
      await assertFellOver(seen, stream, noted, true)
      assert.equal(stack.providers.openai.ledger.totals.totalTokens, 0)
    })
  }

  test(`a primary that refuses the connection: ${form} comes whole from the fallback`, async () => {
    await stack.apply(
      undefined,
      inTurn(base, movedTo('openai', { host: '127.0.0.1', port: await freePort() })),
    )
    const seen = await chat(stack, { stream })
    await stack.apply()
    await assertFellOver(seen, stream, 502, false)
  })

  test(`a primary whose TLS handshake fails: ${form} comes whole from the fallback over the TLS listener`, async () => {
    const { fallbackTlsPort, providers } = stack
    const fallback = { host: 'llm-fallback.local', port: fallbackTlsPort }
    // The provider's port speaks plain HTTP.
    const broken = movedTo('openai', { port: providers.openai.port }, fallback, { scheme: 'https' })
    await stack.apply(undefined, inTurn(base, broken))
    const seen = await chat(stack, { stream })
    await stack.apply()
    await assertFellOver(seen, stream, 502, false)
  })

  for (const status of [400, 401, 403, 404, 408, 422]) {
    test(`${status} from the primary is passed on for ${form}; nobody else is asked, nothing is billed`, async () => {
      const error = { message: 'said the provider', code: 'its_own_code' }
      const seen = await chat(stack, { stream, headers: atOpenai({ status, error }) })
      assert.equal(seen.status, status)
      assert.equal(seen.error?.code, 'its_own_code')
      assert.equal(seen.headers.get('x-llm-provider'), 'openai')
      assert.equal(seen.headers.get('x-model-fallback'), null)
      assert.deepEqual(calls(stack), { openai: 1 })
      const event = await onlyEvent()
      assert.deepEqual(
        [event.outcome, event.total_t, event.cost_usd ?? '0'],
        ['upstream_error', 0, event.cost_usd ?? '0'],
      )
      assert.equal(Number(event.cost_usd ?? 0), 0)
    })
  }
}

test('an answer with a long head is an answer, of the primary and of a fallback', async () => {
  const long = { headers: { 'x-long': 'v'.repeat(6000) } }
  const direct = await chat(stack, { headers: atOpenai(long) })
  assert.deepEqual([direct.status, direct.headers.get('x-model-fallback')], [200, null])
  assert.deepEqual(calls(stack), { openai: 1 })
  clearLedgers(stack)
  const script = [
    { status: 503, only: { provider: 'openai' } },
    { ...long, only: { provider: 'qwen' } },
  ]
  const second = await chat(stack, { headers: scripted(script) })
  assert.deepEqual([second.status, second.headers.get('x-llm-provider')], [200, 'dashscope'])
  assert.deepEqual(calls(stack), { openai: 1, qwen: 1 })
  assert.equal((await stack.newEvents()).length, 2)
})

test('a timed-out provider may bill its call all the same: that is our loss, the client pays one answer', async () => {
  await chat(stack, { headers: atOpenai({ hang: 'before_headers', bill: 'full' }) })
  const event = await onlyEvent()
  assert.equal(event.total_t, stack.providers.qwen.ledger.last?.totalTokens)
  assert.ok((stack.providers.openai.ledger.last?.totalTokens ?? 0) > 0)
})

const afterTheFirstByte: readonly [string, Behaviour, boolean][] = [
  ['a JSON answer cut after its headers', { cut: 'after_headers' }, false],
  ['a JSON answer cut in its middle', { cut: 1 }, false],
  ['a stream cut after its headers', { cut: 'after_headers' }, true],
  ['a stream cut in its middle', { cut: 3, chunks: 8 }, true],
  ['a stream reset in its middle', { cut: 3, chunks: 8, reset: true }, true],
  ['a stream that falls silent', { hang: 3, chunks: 8 }, true],
]
for (const [what, behaviour, stream] of afterTheFirstByte) {
  test(`${what} reaches the client broken, is not asked for again, and is billed as an estimate`, async () => {
    const seen = await chat(stack, { stream, headers: atOpenai(behaviour) })
    assert.equal(seen.status, 200)
    assert.equal(seen.broken, true)
    assert.equal(seen.headers.get('x-llm-provider'), 'openai')
    assert.ok(!seen.raw.includes('[DONE]'))
    if (stream) parseSse(seen.raw)
    assert.deepEqual(calls(stack), { openai: 1 })
    const event = await onlyEvent()
    assert.equal(event.outcome, 'upstream_cut')
    assert.equal(event.fallback, false)
    assert.equal(event.usage_estimated, true)
    assert.ok(event.prompt_t > 0)
    assert.equal(
      event.completion_t > 0,
      seen.raw !== '',
      `${event.completion_t} for ${seen.raw.length} bytes`,
    )
  })
}

test('a client that leaves before the headers: nobody else is asked, nothing is billed', async () => {
  for (const stream of [false, true]) {
    clearLedgers(stack)
    const left = new AbortController()
    const request = stack
      .client('business_unit_A')
      .chat.completions.create(
        { model: 'gpt-4', stream, messages: [{ role: 'user', content: 'Take your time, please.' }] },
        { headers: { ...atOpenai({ delay_ms: 60_000 }), 'cache-control': 'no-store' }, signal: left.signal },
      )
    const rejected = assert.rejects(request)
    await eventually(() => calls(stack).openai, 'the call')
    left.abort()
    await rejected
    await stack.providers.openai.ledger.settled()
    const event = await onlyEvent()
    assert.deepEqual(calls(stack), { openai: 1 })
    assert.equal(stack.providers.openai.ledger.last?.outcome, 'client_gone')
    assert.deepEqual([event.outcome, event.total_t], ['client_disconnected', 0])
  }
})

test('a client that leaves while the fallback works: the third provider is not asked', async () => {
  const left = new AbortController()
  const headers = scripted([
    { only: { provider: 'openai' }, status: 503 },
    { only: { provider: 'qwen' }, delay_ms: 60_000 },
  ])
  const request = stack
    .client('business_unit_A')
    .chat.completions.create(
      { model: 'gpt-4', messages: [{ role: 'user', content: 'Never mind then.' }] },
      { headers, signal: left.signal },
    )
  const rejected = assert.rejects(request)
  await eventually(() => calls(stack).qwen, 'the call of the fallback')
  left.abort()
  await rejected
  await stack.providers.qwen.ledger.settled()
  assert.equal((await onlyEvent()).total_t, 0)
  assert.deepEqual(calls(stack), { openai: 1, qwen: 1 })
})

test('a client that leaves in mid-stream ends the provider’s work and pays what it got, as an estimate', async () => {
  const stream = await stack.client('business_unit_A').chat.completions.create(
    {
      model: 'gpt-4',
      stream: true,
      messages: [{ role: 'user', content: 'Tell me a long story, please.' }],
    },
    { headers: atOpenai({ chunk_delay_ms: 50, chunks: 100 }) },
  )
  let chunks = 0
  for await (const _ of stream) if (++chunks === 5) break
  await stack.providers.openai.ledger.settled()
  const event = await onlyEvent()
  const bill = stack.providers.openai.ledger.last
  assert.equal(bill?.outcome, 'client_gone')
  assert.ok((bill?.chunksSent ?? 100) < 50)
  assert.deepEqual(calls(stack), { openai: 1 })
  assert.equal(event.outcome, 'client_disconnected')
  assert.equal(event.usage_estimated, true)
  assert.ok(event.completion_t > 0)
})

for (const [stream, form] of forms) {
  test(`two providers fail: ${form} comes from the third, its own model name and all`, async () => {
    const headers = scripted([
      { only: { provider: 'openai' }, status: 503 },
      { only: { provider: 'qwen' }, cut: 'before_headers' },
    ])
    const seen = await chat(stack, { stream, headers })
    assert.equal(seen.status, 200)
    assert.equal(seen.headers.get('x-llm-provider'), 'ollama')
    assert.equal(seen.model, 'deepseek-r1:7b')
    assert.equal(seen.finish, 'stop')
    if (stream) assert.equal(parseSse(seen.raw).at(-1)?.data, '[DONE]')
    assert.deepEqual(calls(stack), { openai: 1, qwen: 1, ollama: 1 })
    const event = await onlyEvent()
    assert.equal(event.total_t, stack.providers.ollama.ledger.last?.totalTokens)
    assert.deepEqual(
      event.attempts.map(({ provider }) => provider),
      ['openai', 'dashscope', 'ollama'],
    )
  })

  test(`every provider fails for ${form}: 503, an error object, Retry-After, each asked once, nothing billed`, async () => {
    const headers = scripted([
      { only: { provider: 'openai' }, status: 500 },
      { only: { provider: 'qwen' }, status: 429 },
      { only: { provider: 'ollama' }, status: 502 },
    ])
    const seen = await chat(stack, { stream, headers })
    assert.equal(seen.status, 503)
    assert.match(seen.headers.get('content-type') ?? '', /^application\/json/)
    assert.deepEqual([seen.error?.code, seen.error?.type], ['no_provider_available', 'service_unavailable'])
    assert.ok(Number(seen.headers.get('retry-after')) > 0)
    assert.deepEqual(calls(stack), { openai: 1, qwen: 1, ollama: 1 })
    const event = await onlyEvent()
    assert.deepEqual([event.status, event.outcome, event.total_t], [503, 'upstream_error', 0])
  })
}

test('a body of 3 MB survives every hop', async () => {
  // Three hops of it take a busy machine longer than the other rows wait.
  await stack.apply(undefined, inTurn(base, readTimeout(10)))
  const url = `data:image/png;base64,${'A'.repeat(3_000_000)}`
  const headers = scripted([
    { only: { provider: 'openai' }, status: 503 },
    { only: { provider: 'qwen' }, status: 503 },
  ])
  const messages = [{ role: 'user' as const, content: [{ type: 'image_url' as const, image_url: { url } }] }]
  const seen = await chat(stack, { headers, messages })
  await stack.apply()
  assert.equal(seen.status, 200)
  const body = stack.providers.ollama.ledger.last?.body as { messages: unknown } | undefined
  assert.deepEqual(body?.messages, messages)
})
