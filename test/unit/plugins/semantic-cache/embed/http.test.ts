import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpEmbedder, type HttpEmbedderOptions } from '../../../../../plugins/semantic-cache/embed/http.ts'

const signal = new AbortController().signal

interface Seen {
  url: string
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
  port: number | undefined
}

type Answer = (seen: Seen, response: ServerResponse, call: number) => void

async function rig(t: TestContext, answer: Answer, options: Partial<HttpEmbedderOptions> = {}) {
  const seen: Seen[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    const entry = { url: req.url ?? '', headers: req.headers, body, port: req.socket.remotePort }
    seen.push(entry)
    answer(entry, res, seen.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const embedder = new HttpEmbedder({ baseUrl, model: 'm', dimensions: 2, timeoutMs: 2000, ...options })
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await embedder.close()
  })
  return { seen, embedder }
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function openai({ body }: Seen, response: ServerResponse): void {
  const data = (body.input as string[]).map((text, index) => ({ index, embedding: [text.length, 1] }))
  json(response, { data: data.reverse() })
}

test('speaks OpenAI: path, key, body, and the order by index', async (t) => {
  const { seen, embedder } = await rig(t, openai, { apiKey: 'k', inputPrefix: 'query: ' })
  const vectors = await embedder.embed(['a', 'bbbb'], signal)
  assert.equal(seen[0]?.url, '/embeddings')
  assert.equal(seen[0]?.headers.authorization, 'Bearer k')
  assert.deepEqual(seen[0]?.body, {
    model: 'm',
    input: ['query: a', 'query: bbbb'],
    encoding_format: 'float',
  })
  assert.ok((vectors[0]?.[0] ?? 0) < (vectors[1]?.[0] ?? 0))
  assert.equal(embedder.identity, 'm-query_-2')
})

test('speaks Azure: deployment in the path, api-key header', async (t) => {
  const { seen, embedder } = await rig(t, openai, { style: 'azure', apiKey: 'k', sendDimensions: true })
  await embedder.embed(['a'], signal)
  assert.equal(seen[0]?.url, '/openai/deployments/m/embeddings?api-version=2024-10-21')
  assert.equal(seen[0]?.headers['api-key'], 'k')
  assert.equal(seen[0]?.body.dimensions, 2)
})

test('speaks Ollama', async (t) => {
  const { seen, embedder } = await rig(t, (_, res) => json(res, { embeddings: [[1, 0]] }), {
    style: 'ollama',
  })
  await embedder.embed(['a'], signal)
  assert.equal(seen[0]?.url, '/api/embed')
  assert.deepEqual(seen[0]?.body, { model: 'm', input: ['a'] })
})

test('speaks text-embeddings-inference', async (t) => {
  const { seen, embedder } = await rig(t, (_, res) => json(res, [[1, 0]]), { style: 'tei' })
  await embedder.embed(['a'], signal)
  assert.equal(seen[0]?.url, '/embed')
  assert.deepEqual(seen[0]?.body, { inputs: ['a'], normalize: true, truncate: true })
})

test('splits what is more than a batch and reuses the connection', async (t) => {
  const { seen, embedder } = await rig(t, openai, { maxBatch: 2, connections: 1 })
  assert.equal((await embedder.embed(['a', 'b', 'c', 'd', 'e'], signal)).length, 5)
  assert.deepEqual(
    seen.map(({ body }) => (body.input as string[]).length),
    [2, 2, 1],
  )
  assert.equal(new Set(seen.map(({ port }) => port)).size, 1)
})

test('tries once more after a broken connection or a busy endpoint', async (t) => {
  const first: Answer[] = [(_, res) => res.destroy(), (_, res) => json(res, {}, 503)]
  for (const bad of first) {
    const { seen, embedder } = await rig(t, (s, res, call) => (call === 1 ? bad : openai)(s, res, call))
    assert.equal((await embedder.embed(['a'], signal)).length, 1)
    assert.equal(seen.length, 2)
  }
})

test('does not try again what cannot succeed, and says the status', async (t) => {
  const { seen, embedder } = await rig(t, (_, res) => json(res, { error: 'secret' }, 401))
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_STATUS', status: 401 })
  assert.equal(seen.length, 1)
})

test('gives up after the second failure', async (t) => {
  const { seen, embedder } = await rig(t, (_, res) => res.destroy())
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_NETWORK' })
  assert.equal(seen.length, 2)
})

test('stops waiting at its own deadline', async (t) => {
  const { embedder } = await rig(t, () => undefined, { timeoutMs: 50 })
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_TIMEOUT' })
})

test('stops when the caller leaves', async (t) => {
  const { embedder } = await rig(t, () => undefined)
  const caller = new AbortController()
  const call = embedder.embed(['a'], caller.signal)
  setTimeout(() => caller.abort(), 30)
  await assert.rejects(call, { code: 'EMBED_ABORTED' })
})

test('refuses an answer larger than its limit', async (t) => {
  const { embedder } = await rig(t, (_, res) => json(res, ['x'.repeat(5000)]), { maxResponseBytes: 4096 })
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_TOO_LARGE' })
})

const shapes: [name: string, answer: unknown][] = [
  ['no list', { object: 'list' }],
  ['too few vectors', { data: [] }],
  ['a wrong dimension', { data: [{ index: 0, embedding: [1, 2, 3] }] }],
  ['an index out of range', { data: [{ index: 7, embedding: [1, 2] }] }],
  ['base64 where floats were asked for', { data: [{ index: 0, embedding: 'AACAPwAAAEA=' }] }],
]
for (const [name, value] of shapes) {
  test(`refuses an answer with ${name}`, async (t) => {
    const { embedder } = await rig(t, (_, res) => json(res, value))
    await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_SHAPE' })
  })
}

test('refuses an answer that is not JSON', async (t) => {
  const { embedder } = await rig(t, (_, res) => res.end('<html>'))
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_SHAPE' })
})

test('refuses settings that cannot work', () => {
  assert.throws(() => new HttpEmbedder({ baseUrl: 'nope', model: 'm', dimensions: 2 }), {
    code: 'EMBED_SETTINGS',
  })
  assert.throws(() => new HttpEmbedder({ baseUrl: 'http://x', model: 'm', dimensions: 0 }), {
    code: 'EMBED_SETTINGS',
  })
})
