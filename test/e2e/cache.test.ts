import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import type { JsonObject } from '../../runner/json.ts'
import { type ConfChange, type Consumer, type Stack, startStack } from '../support/stack.ts'
import { inTurn, logAtOnce, withoutHealthChecks } from '../support/stack-conf.ts'
import {
  ask,
  type ChatOptions,
  calls,
  chat,
  clearLedgers,
  eventually,
  parseSse,
  post,
  type Seen,
} from '../support/talk.ts'

/** When an answer is told again, and to whom. */
let stack: Stack
before(async () => {
  stack = await startStack({ recordEvents: true, resources: inTurn(logAtOnce, withoutHealthChecks) })
})
after(() => stack?.close())
beforeEach(async () => {
  clearLedgers(stack)
  await stack.newEvents()
})

const cache =
  (conf: JsonObject): ConfChange =>
  (plugin, before) =>
    plugin === 'semantic-cache' ? { ...before, ...conf } : before
const verdict = (seen: Seen) => seen.headers.get('x-cache')
const CONSUMER: Consumer = 'internal'
const talk = (content: string, more: ChatOptions = {}) =>
  chat(stack, { consumer: CONSUMER, model: 'gpt-4o', messages: ask(content), ...more })
const topic = () => `the history of ${randomUUID()}`

/** Asks until the answer is stored: it is as soon as its log entry was read. */
async function stored(content: string, more: ChatOptions = {}): Promise<Seen> {
  const first = await talk(content, more)
  assert.equal(first.status, 200)
  await stack.newEvents()
  await eventually(async () => (verdict(await talk(content, more)) === 'HIT' ? true : undefined), 'a hit')
  return first
}

test('what was answered as a stream is served as JSON, and the other way round', async () => {
  for (const stream of [true, false]) {
    clearLedgers(stack)
    const content = `Tell me about ${topic()}.`
    const first = await stored(content, { stream })
    await stack.newEvents()
    const other = await talk(content, { stream: !stream })
    assert.equal(verdict(other), 'HIT')
    assert.equal(other.text, first.text)
    assert.equal(other.finish, 'stop')
    if (!stream) assert.equal(parseSse(other.raw).at(-1)?.data, '[DONE]')
    assert.deepEqual(calls(stack), { openai: 1 })
    const [event] = await stack.newEvents()
    assert.deepEqual(
      [event?.outcome, event?.cache, event?.total_t, event?.stream],
      ['served', 'hit', 0, !stream],
    )
    assert.ok(Number(event?.saved_usd) > 0)
  }
})

test('Anthropic messages are served again in their own format, streamed too', async () => {
  const client = stack.anthropic('business_unit_A')
  const body = { model: 'claude-opus-4-8', max_tokens: 100, messages: ask(`Tell me about ${topic()}.`) }
  const first = await client.messages.create(body)
  await stack.newEvents()
  const again = await eventually(async () => {
    const { data, response } = await client.messages.create(body).withResponse()
    return response.headers.get('x-cache') === 'HIT' ? data : undefined
  })
  assert.deepEqual(again.content, first.content)
  const streamed = await client.messages.stream(body).finalMessage()
  assert.deepEqual(
    streamed.content.map((part) => part.type === 'text' && part.text),
    [first.content[0]?.type === 'text' && first.content[0].text],
  )
  assert.deepEqual(calls(stack), { anthropic: 1 })
})

test('no-cache asks anew and keeps the new answer; max-age takes nothing older; no-store and X-Cache-Bypass leave no trace', async () => {
  const content = `Tell me about ${topic()}.`
  await stored(content)
  const asking = (headers: Record<string, string>) => talk(content, { headers })
  assert.equal(verdict(await asking({ 'cache-control': 'no-cache' })), 'MISS')
  await stack.newEvents()
  assert.equal(verdict(await asking({ 'cache-control': 'max-age=3600' })), 'HIT')
  assert.equal(verdict(await asking({ 'cache-control': 'max-age=0' })), 'MISS')
  assert.equal(verdict(await asking({ 'cache-control': 'no-store' })), 'BYPASS')
  assert.equal(verdict(await asking({ 'x-cache-bypass': 'true' })), 'BYPASS')
  for (const headers of [{ 'cache-control': 'no-store' }, { 'x-cache-bypass': '1' }]) {
    const other = `Tell me about ${topic()}.`
    for (let i = 0; i < 2; i++) {
      assert.equal(verdict(await talk(other, { headers })), 'BYPASS')
      await stack.newEvents()
    }
    assert.equal(verdict(await talk(other)), 'MISS')
  }
  const sent = JSON.stringify(stack.providers.openai.ledger.entries.map(({ headers }) => headers))
  assert.ok(!sent.includes('x-cache'))
})

test('what calls tools, wants several answers or much variety is never cached', async () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }]
  for (const more of [{ tools }, { n: 2 }, { temperature: 1.8 }, { logprobs: true }]) {
    const content = `Tell me about ${topic()}.`
    for (let i = 0; i < 2; i++) {
      assert.equal(verdict(await talk(content, { more })), 'BYPASS', JSON.stringify(more))
      await stack.newEvents()
    }
  }
  assert.deepEqual(calls(stack), { openai: 8 })
})

test('an answer that was cut off, refused, filtered or came from a fallback is not stored', async () => {
  const behaviours = [
    { finish_reason: 'length' },
    { finish_reason: 'content_filter' },
    { text: 'I am sorry, but I cannot help with that.' },
    { text: ' ' },
    { only: { provider: 'openai' }, status: 503 },
  ]
  for (const behaviour of behaviours) {
    const content = `Tell me about ${topic()}.`
    const headers = { 'x-scripted': JSON.stringify([behaviour]) }
    for (let i = 0; i < 2; i++) {
      const seen = await talk(content, { headers })
      assert.equal(verdict(seen), 'MISS', JSON.stringify(behaviour))
      await stack.newEvents()
    }
  }
})

test('another parameter, system prompt, model or earlier turn is another question', async () => {
  const content = `Tell me about ${topic()}.`
  await stored(content)
  const others: ChatOptions[] = [
    { more: { temperature: 0.3 } },
    { more: { max_tokens: 7 } },
    { more: { seed: 4 } },
    { more: { response_format: { type: 'json_object' } } },
    { model: 'gpt-4-turbo' },
    { messages: [{ role: 'system', content: 'Be brief.' }, ...ask(content)] },
    {
      messages: [
        ...ask('Good morning to you.'),
        { role: 'assistant', content: 'Good morning!' },
        ...ask(content),
      ],
    },
  ]
  for (const other of others) assert.equal(verdict(await talk(content, other)), 'MISS', JSON.stringify(other))
})

test('“turn on” and “turn off” are not the same question, and a rewording is', async () => {
  const device = `device ${randomUUID()}`
  await stored(`How do I turn on dark mode on my ${device}?`)
  const misses = [
    `How do I turn off dark mode on my ${device}?`,
    `How do I not turn on dark mode on my ${device}?`,
    `How do I turn on light mode on my ${device}?`,
  ]
  for (const content of misses) assert.equal(verdict(await talk(content)), 'MISS', content)
  const again = await talk(`How do I turn on dark mode on my ${device}??`)
  assert.equal(verdict(again), 'HIT')
})

test('no header, field or spelling gets one consumer what another one’s request produced', async () => {
  const key = stack.keyOf('business_unit_A')
  const attempts: [object, Record<string, string>][] = [
    [{}, {}],
    [{}, { 'x-consumer-username': CONSUMER }],
    [{}, { 'X-Consumer-Username': CONSUMER, 'x-credential-identifier': CONSUMER }],
    [{}, { 'x-consumer-username': 'ｉnternal' }],
    [{}, { 'x-cache-scope': 'global', 'x-llm-tier': 'internal', 'x-cache-threshold': '0' }],
    [{ user: CONSUMER }, {}],
    [{ metadata: { consumer: CONSUMER } }, {}],
    [{ scope: 'global', _cached: true, consumer: CONSUMER }, {}],
  ].map(([body, headers]) => [body as object, asLatin1(headers as Record<string, string>)])
  for (const [body, headers] of attempts) {
    const content = `Tell me about ${topic()}.`
    await stored(content)
    const messages = ask(content)
    const response = await post(
      stack,
      '/v1/chat/completions',
      { model: 'gpt-4o', messages, ...body },
      { ...headers, apikey: key },
    )
    await response.text()
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-cache'), 'MISS', JSON.stringify([body, headers]))
  }
})

test('scope tier shares between consumers of one tier only', async () => {
  const tiers = { consumers: { internal: 'shared', business_unit_B: 'shared', business_unit_A: 'premium' } }
  await stack.apply((plugin, conf, resource) =>
    plugin === 'token-metering' ? conf : cache({ scope: 'tier' })(plugin, { ...conf, ...tiers }, resource),
  )
  try {
    const content = `Tell me about ${topic()}.`
    const model = 'gpt-3.5-turbo'
    await stored(content, { model })
    assert.equal(verdict(await talk(content, { model, consumer: 'business_unit_B' })), 'HIT')
    assert.equal(verdict(await talk(content, { model, consumer: 'business_unit_A' })), 'MISS')
  } finally {
    await stack.apply()
  }
})

/** Header values are bytes: UTF-8 told as Latin-1 arrives as UTF-8. */
function asLatin1(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]),
  )
}
