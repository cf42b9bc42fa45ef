import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { APIConnectionError, APIError, RateLimitError } from 'openai'
import { type Behaviour, scripted as scriptedHeader } from '../../provider/behaviour.ts'
import { type Provider, startProvider } from '../../provider/provider.ts'

let provider: Provider
let client: OpenAI
const messages = [{ role: 'user' as const, content: 'Say hello, 请' }]
const promptTokens = 4 + 4

before(async () => {
  provider = await startProvider()
  client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: 'sk-test-1234', maxRetries: 0 })
})
beforeEach(() => {
  provider.resetScript()
  provider.ledger.clear()
})
after(() => provider.close())

const scripted = (behaviour: Behaviour) => ({ headers: scriptedHeader(behaviour) })

async function streamText(behaviour: Behaviour) {
  const stream = await client.chat.completions.create(
    { model: 'gpt-4o', messages, stream: true, stream_options: { include_usage: true } },
    scripted(behaviour),
  )
  let text = ''
  let usage: OpenAI.CompletionUsage | null | undefined
  let finishReason: string | null = null
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    finishReason = chunk.choices[0]?.finish_reason ?? finishReason
    usage = chunk.usage ?? usage
  }
  return { text, usage, finishReason }
}

test('answers the same prompt with the same words and books what it tells', async () => {
  const ask = () => client.chat.completions.create({ model: 'gpt-4o', messages })
  const [first, second] = [await ask(), await ask()]
  assert.match(first.choices[0]?.message.content ?? '', /openai as gpt-4o to prompt [0-9a-f]{8}/)
  assert.deepEqual(first.choices, second.choices)
  assert.equal(first.usage?.prompt_tokens, promptTokens)
  const entry = provider.ledger.entries[0]
  assert.equal(entry?.totalTokens, first.usage?.total_tokens)
  assert.equal(entry?.outcome, 'finished')
  assert.deepEqual(entry?.credential, {
    header: 'authorization',
    last4: '1234',
    sha256: createHash('sha256').update('sk-test-1234').digest('hex'),
  })
  assert.deepEqual(provider.ledger.totals.calls, 2)
})

test('streams the answer of the unstreamed call, with usage when asked for it', async () => {
  const whole = await client.chat.completions.create({ model: 'gpt-4o', messages })
  const { text, usage, finishReason } = await streamText({ chunks: 3 })
  assert.equal(text, whole.choices[0]?.message.content)
  assert.deepEqual(usage, whole.usage)
  assert.equal(finishReason, 'stop')
  assert.equal(provider.ledger.last?.chunksSent, 3)
})

test('leaves usage out of a stream that does not ask, unless scripted otherwise', async () => {
  const usages = async (behaviour: Behaviour) => {
    const stream = await client.chat.completions.create(
      { model: 'm', messages, stream: true },
      scripted(behaviour),
    )
    const seen: number[] = []
    for await (const chunk of stream) if (chunk.usage) seen.push(chunk.usage.completion_tokens)
    return seen
  }
  assert.deepEqual(await usages({}), [])
  assert.deepEqual(await usages({ usage: 'always', tokens: 6 }), [6])
  assert.deepEqual(await usages({ usage: 'every', tokens: 6, chunks: 2 }), [0, 3, 6, 6, 6])
  assert.equal((await streamText({ usage: 'none' })).usage, undefined)
})

test('obeys max_tokens, text, tokens, cached and reasoning tokens', async () => {
  const ask = (behaviour: Behaviour, maxTokens?: number) =>
    client.chat.completions.create(
      { model: 'm', messages, ...(maxTokens ? { max_tokens: maxTokens } : {}) },
      scripted(behaviour),
    )
  const short = await ask({}, 5)
  assert.equal(short.choices[0]?.finish_reason, 'length')
  assert.equal(short.usage?.completion_tokens, 5)
  const text = await ask({ text: '你好 world', cached_tokens: 4, reasoning_tokens: 10 })
  assert.equal(text.choices[0]?.message.content, '你好 world')
  assert.equal(text.usage?.completion_tokens, 13)
  assert.equal(text.usage?.prompt_tokens_details?.cached_tokens, 4)
  assert.equal(text.usage?.completion_tokens_details?.reasoning_tokens, 10)
  assert.equal((await ask({ tokens: 20_000 })).usage?.completion_tokens, 20_000)
})

test('calls a tool when scripted or forced, streamed and not', async () => {
  const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: {} } }]
  const forced = await client.chat.completions.create({
    model: 'm',
    messages,
    tools,
    tool_choice: 'required',
  })
  assert.equal(forced.choices[0]?.finish_reason, 'tool_calls')
  const call = forced.choices[0]?.message.tool_calls?.[0]
  assert.equal(call?.type === 'function' && call.function.name, 'weather')
  const args = '{"city":"Berlin"}'
  const stream = client.chat.completions.stream(
    { model: 'm', messages, tools },
    scripted({ tool_call: { name: 'weather', arguments: args } }),
  )
  const streamed = (await stream.finalMessage()).tool_calls?.[0]
  assert.equal(streamed?.type === 'function' && streamed.function.arguments, args)
})

test('refuses when scripted', async () => {
  const answer = await client.chat.completions.create({ model: 'm', messages }, scripted({ refusal: 'No.' }))
  assert.equal(answer.choices[0]?.message.refusal, 'No.')
  assert.equal(answer.choices[0]?.message.content, null)
})

test('fails in the OpenAI format and bills nothing', async () => {
  for (const status of [400, 401, 429, 500, 503, 529]) {
    const failure = await client.chat.completions
      .create({ model: 'm', messages }, scripted({ status, retry_after: 7 }))
      .catch((error: unknown) => error)
    assert.ok(failure instanceof APIError)
    assert.equal(failure.status, status)
    assert.equal(failure.headers?.get('retry-after'), '7')
    assert.equal(typeof failure.type, 'string')
    if (status === 429) assert.ok(failure instanceof RateLimitError)
  }
  assert.equal(provider.ledger.totals.totalTokens, 0)
})

test('cuts before the headers, after them and in mid-stream, and bills what was sent', async () => {
  const before = await client.chat.completions
    .create({ model: 'm', messages }, scripted({ cut: 'before_headers' }))
    .catch((error: unknown) => error)
  assert.ok(before instanceof APIConnectionError)
  assert.equal(provider.ledger.last?.outcome, 'cut')
  assert.equal(provider.ledger.last?.totalTokens, 0)
  await assert.rejects(streamText({ cut: 'after_headers' }))
  assert.equal(provider.ledger.last?.totalTokens, promptTokens)
  await assert.rejects(streamText({ cut: 2, chunks: 4, tokens: 8 }))
  assert.equal(provider.ledger.last?.completionTokens, 4)
  assert.equal(provider.ledger.last?.outcome, 'cut')
  await assert.rejects(streamText({ cut: 2, chunks: 4, tokens: 8, bill: 'full' }))
  assert.equal(provider.ledger.last?.completionTokens, 8)
})

test('bills a client that left for what it was sent', async () => {
  const stream = await client.chat.completions.create(
    { model: 'm', messages, stream: true },
    scripted({ chunks: 10, tokens: 100, hang: 3 }),
  )
  let chunks = 0
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++chunks === 3) break
  await provider.ledger.settled()
  assert.equal(provider.ledger.last?.outcome, 'client_gone')
  assert.equal(provider.ledger.last?.completionTokens, 30)
})

test('hangs before the headers until the client gives up', async () => {
  const call = client.chat.completions.create(
    { model: 'm', messages },
    { ...scripted({ hang: 'before_headers' }), timeout: 100 },
  )
  await assert.rejects(call)
  await provider.ledger.settled()
  assert.equal(provider.ledger.last?.outcome, 'client_gone')
  assert.equal(provider.ledger.last?.status, 0)
})

test('streams an error event, a broken line, comments, CRLF and gzip', async () => {
  await assert.rejects(streamText({ error_after: 1 }), APIError)
  await assert.rejects(streamText({ bad_line_after: 1 }), SyntaxError)
  const plain = await streamText({})
  for (const behaviour of [
    { comments: true },
    { line_end: 'crlf' as const },
    { gzip: true },
    { no_end: true },
  ]) {
    assert.deepEqual(await streamText(behaviour), plain)
  }
})

test('sends a scripted body, type and headers', async () => {
  const response = await fetch(`${provider.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', messages, stream: true }),
    ...scripted({ body: '<html>', content_type: 'text/html', headers: { 'x-more': 'yes' } }),
  })
  assert.equal(await response.text(), '<html>')
  assert.equal(response.headers.get('content-type'), 'text/html')
  assert.equal(response.headers.get('x-more'), 'yes')
})

test('refuses a request that is no JSON, an unknown path and a badly written script', async () => {
  const post = async (path: string, body: string, header = '{}') => {
    const response = await fetch(`${provider.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'x-scripted': header },
    })
    const { error } = (await response.json()) as { error: { message: string } }
    return [response.status, error.message]
  }
  const path = '/v1/chat/completions'
  assert.equal((await post(path, '{'))[0], 400)
  assert.equal((await post('/v1/nothing', '{}'))[0], 404)
  assert.deepEqual(await post(path, '{}', '{"statsu":1}'), [400, 'unknown field in a behaviour: statsu'])
})

test('bills a client that leaves while it waits for nothing, or for what it was sent', async () => {
  const leave = async (behaviour: Behaviour, afterChunks: number) => {
    const abort = new AbortController()
    const response = fetch(`${provider.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', messages, stream: true }),
      signal: abort.signal,
      ...scripted(behaviour),
    }).catch(() => undefined)
    while ((provider.ledger.last?.chunksSent ?? -1) < afterChunks) await new Promise(setImmediate)
    abort.abort()
    await response
    await provider.ledger.settled()
    const entry = provider.ledger.last
    provider.ledger.clear()
    return entry
  }
  const waiting = await leave({ delay_ms: 60_000 }, 0)
  assert.deepEqual([waiting?.outcome, waiting?.totalTokens], ['client_gone', 0])
  const slow = await leave({ chunk_delay_ms: 60_000, chunks: 5, tokens: 50, comments: true, gzip: true }, 1)
  assert.deepEqual([slow?.outcome, slow?.completionTokens], ['client_gone', 10])
})

test('does not run ahead of a client that reads nothing', async () => {
  const socket = connect(provider.port, '127.0.0.1')
  const body = JSON.stringify({ model: 'm', messages, stream: true })
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(body)}`
  const header = `x-scripted: ${scripted({ tokens: 200_000, chunks: 200_000 }).headers['x-scripted']}`
  socket.pause().write(`${head}\r\n${header}\r\n\r\n${body}`)
  let sent = -1
  while (sent !== provider.ledger.last?.bytesSent || sent < 1) {
    sent = provider.ledger.last?.bytesSent ?? -1
    await sleep(100)
  }
  socket.destroy()
  await provider.ledger.settled()
  assert.equal(provider.ledger.last?.outcome, 'client_gone')
  assert.ok((provider.ledger.last?.completionTokens ?? 0) < 200_000)
})

test('resets the connection when the cut is to be a reset', async () => {
  const socket = connect(provider.port, '127.0.0.1')
  const header = `x-scripted: ${scripted({ cut: 'before_headers', reset: true }).headers['x-scripted']}`
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n${header}\r\n\r\n{}`)
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})
