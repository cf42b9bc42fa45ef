import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import OpenAI from 'openai'
import { type Behaviour, scripted } from '../../provider/behaviour.ts'
import { type Provider, startProvider } from '../../provider/provider.ts'

let provider: Provider
let client: OpenAI

before(async () => {
  provider = await startProvider()
  client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk', maxRetries: 0 })
})
beforeEach(() => provider.ledger.clear())
after(() => provider.close())

const headers = (behaviour: Behaviour) => ({ headers: scripted(behaviour) })

test('completes a text, streamed and not', async () => {
  const request = { model: 'gpt-3.5-turbo-instruct', prompt: 'Once upon a time' }
  const whole = await client.completions.create(request)
  const stream = await client.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let usage: OpenAI.CompletionUsage | null | undefined
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? ''
    usage = chunk.usage ?? usage
  }
  assert.equal(text, whole.choices[0]?.text)
  assert.deepEqual(usage, whole.usage)
  assert.equal(whole.usage?.prompt_tokens, 4)
})

test('embeds: equal texts alike, shared words near, in floats and in base64', async () => {
  const input = ['reset my password', 'reset my password', 'please reset the password', '今天天气']
  const embed = (format: 'float' | 'base64', dimensions?: number) =>
    client.embeddings.create({
      model: 'text-embedding-3-small',
      input,
      encoding_format: format,
      ...(dimensions ? { dimensions } : {}),
    })
  const { data, usage } = await embed('float')
  const [a, same, near, far] = data.map(({ embedding }) => embedding)
  assert.ok(a && same && near && far)
  const cosine = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  assert.deepEqual(a, same)
  assert.ok(cosine(a, near) > 0.4 && Math.abs(cosine(a, far)) < 0.2)
  assert.equal(usage.prompt_tokens, 3 + 3 + 4 + 4)
  assert.equal(provider.ledger.last?.totalTokens, 14)
  assert.equal((await embed('float', 256)).data[0]?.embedding.length, 256)
  const ids = await client.embeddings.create({ model: 'm', input: [[1, 2, 3]], dimensions: 8 })
  assert.equal(ids.usage.prompt_tokens, 3)
  const raw = await fetch(`${provider.url}/v1/embeddings`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', input: input[0], encoding_format: 'base64' }),
  })
  const { data: encoded } = (await raw.json()) as { data: { embedding: string }[] }
  const bytes = Buffer.from(encoded[0]?.embedding ?? '', 'base64')
  assert.deepEqual([bytes.length, bytes.readFloatLE(0)], [1536 * 4, a[0]])
})

test('responds on /v1/responses, streamed and not, with tools, refusals and a limit', async () => {
  const request = { model: 'gpt-4o', instructions: 'Be brief.', input: 'Hello there' }
  const stream = (behaviour: Behaviour) =>
    client.responses.stream(request, headers(behaviour)).finalResponse()
  const whole = await client.responses.create(request)
  const streamed = await stream({ chunks: 4 })
  assert.equal(streamed.output_text, whole.output_text)
  assert.deepEqual(streamed.usage, whole.usage)
  assert.equal(whole.usage?.input_tokens, 5)
  assert.equal(provider.ledger.last?.totalTokens, whole.usage?.total_tokens)
  assert.equal(provider.ledger.last?.chunksSent, 4)
  const call = (await stream({ tool_call: { name: 'weather', arguments: '{"a":1}' } })).output[0]
  assert.ok(call?.type === 'function_call' && call.arguments === '{"a":1}')
  const refusal = (await stream({ refusal: 'No.' })).output[0]
  assert.ok(refusal?.type === 'message' && refusal.content[0]?.type === 'refusal')
  const cut = await client.responses.create({ ...request, max_output_tokens: 2 })
  assert.deepEqual([cut.status, cut.usage?.output_tokens], ['incomplete', 2])
  await assert.rejects(stream({ error_after: 1 }), { type: 'error' })
})

test('numbers the events of a response and ends with its usage', async () => {
  const stream = await client.responses.create(
    { model: 'm', input: 'hi', stream: true },
    headers({ chunks: 2 }),
  )
  const events: OpenAI.Responses.ResponseStreamEvent[] = []
  for await (const event of stream) events.push(event)
  assert.deepEqual(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, i) => i),
  )
  assert.equal(events[0]?.type, 'response.created')
  const last = events.at(-1)
  assert.ok(last?.type === 'response.completed' && (last.response.usage?.total_tokens ?? 0) > 0)
})

test('chats as Ollama does: lines of JSON unless told not to stream', async () => {
  const ask = async (body: object, behaviour: Behaviour = {}) => {
    const response = await fetch(`${provider.url}/api/chat`, {
      method: 'POST',
      ...headers(behaviour),
      body: JSON.stringify({ model: 'qwen3', messages: [{ role: 'user', content: 'hi' }], ...body }),
    })
    const lines = (await response.text()).trimEnd().split('\n')
    return { type: response.headers.get('content-type'), lines: lines.map((line) => JSON.parse(line)) }
  }
  const whole = await ask({ stream: false })
  const streamed = await ask({}, { chunks: 3 })
  assert.deepEqual([whole.type, streamed.type], ['application/json', 'application/x-ndjson'])
  assert.deepEqual([whole.lines.length, streamed.lines.length], [1, 4])
  const text = streamed.lines.map((line) => line.message.content).join('')
  assert.equal(text, whole.lines[0].message.content)
  const { done, done_reason, prompt_eval_count, eval_count } = streamed.lines.at(-1)
  assert.deepEqual([done, done_reason, prompt_eval_count], [true, 'stop', 5])
  assert.equal(eval_count, provider.ledger.last?.completionTokens)
  const tool = await ask({}, { tool_call: { name: 'weather', arguments: '{"city":"Berlin"}' } })
  assert.deepEqual(tool.lines[0].message.tool_calls[0].function, {
    name: 'weather',
    arguments: { city: 'Berlin' },
  })
  assert.deepEqual(await ask({}, { status: 500 }).then(({ lines }) => Object.keys(lines[0])), ['error'])
})
