import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import Anthropic, { APIError, AuthenticationError, RateLimitError } from '@anthropic-ai/sdk'
import { type Behaviour, scripted } from '../../provider/behaviour.ts'
import { type Provider, startProvider } from '../../provider/provider.ts'

let provider: Provider
let client: Anthropic
const request = {
  model: 'claude-next',
  max_tokens: 1000,
  system: 'Be brief.',
  messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hello there' }] }],
}
const promptTokens = 3 + 2 + 4

before(async () => {
  provider = await startProvider({ name: 'anthropic', requireKey: 'sk-ant' })
  client = new Anthropic({ baseURL: provider.url, apiKey: 'sk-ant', maxRetries: 0 })
})
beforeEach(() => provider.ledger.clear())
after(() => provider.close())

const create = (behaviour: Behaviour = {}) =>
  client.messages.create(request, { headers: scripted(behaviour) })
const stream = (behaviour: Behaviour = {}) =>
  client.messages.stream(request, { headers: scripted(behaviour) }).finalMessage()

test('streams the message of the unstreamed call, with the same usage and the same bill', async () => {
  const whole = await create({ cached_tokens: 3 })
  const streamed = await stream({ cached_tokens: 3 })
  assert.deepEqual(streamed.content, whole.content)
  assert.equal(streamed.stop_reason, 'end_turn')
  assert.equal(whole.usage.input_tokens, promptTokens - 3)
  assert.equal(whole.usage.cache_read_input_tokens, 3)
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens)
  for (const entry of provider.ledger.entries) {
    assert.deepEqual([entry.promptTokens, entry.cachedTokens], [promptTokens, 3])
    assert.equal(entry.completionTokens, whole.usage.output_tokens)
    assert.equal(entry.credential?.last4, '-ant')
  }
  const count = await client.messages.countTokens({ model: request.model, messages: request.messages })
  assert.equal(count.input_tokens, promptTokens - 3)
})

test('calls a tool, refuses, and stops at max_tokens', async () => {
  const tool = { name: 'weather', arguments: '{"city":"Berlin"}' }
  for (const message of [await create({ tool_call: tool }), await stream({ tool_call: tool })]) {
    const [block] = message.content
    assert.ok(block?.type === 'tool_use')
    assert.deepEqual(
      [block.name, block.input, message.stop_reason],
      ['weather', { city: 'Berlin' }, 'tool_use'],
    )
  }
  assert.equal((await create({ refusal: 'No.' })).stop_reason, 'refusal')
  assert.equal((await create({ tokens: 2000 })).stop_reason, 'max_tokens')
  assert.equal(provider.ledger.last?.completionTokens, 1000)
})

test('fails in the Anthropic format, before and in mid-stream', async () => {
  await assert.rejects(create({ status: 429, retry_after: 1 }), RateLimitError)
  const overloaded = await create({ status: 529 }).catch((error: unknown) => error)
  assert.ok(overloaded instanceof APIError)
  assert.match(overloaded.message, /overloaded_error/)
  await assert.rejects(stream({ error_after: 1 }), APIError)
  assert.equal(provider.ledger.last?.chunksSent, 1)
  await assert.rejects(stream({ cut: 1 }))
  const stranger = new Anthropic({ baseURL: provider.url, apiKey: 'sk-no', maxRetries: 0 })
  await assert.rejects(stranger.messages.create(request), AuthenticationError)
})

test('sends pings between the chunks and survives CRLF and gzip', async () => {
  const plain = await stream()
  for (const behaviour of [{ comments: true }, { line_end: 'crlf' as const }, { gzip: true }]) {
    assert.deepEqual((await stream(behaviour)).content, plain.content)
  }
})
