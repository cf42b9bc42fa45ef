import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type EmbedderSettings, openEmbedder } from '../../../../plugins/semantic-cache/open-embedder.ts'

const SIGNAL = new AbortController().signal

/** Answers as OpenAI does: four dimensions unless others are asked for. */
async function openAt(t: TestContext, own: Partial<Extract<EmbedderSettings, { kind: 'http' }>>) {
  const warnings: unknown[][] = []
  const server = createServer(async (req, res) => {
    let text = ''
    for await (const chunk of req) text += chunk
    const { input, dimensions = 4 } = JSON.parse(text) as { input: string[]; dimensions?: number }
    const data = input.map((_, index) => ({ index, embedding: new Array(dimensions).fill(1) }))
    res.end(JSON.stringify({ data }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const settings = { kind: 'http' as const, base_url, model: 'm', dimensions: 2, timeout_ms: 30_000, ...own }
  const quiet = { debug() {}, info() {}, error() {} }
  const embedder = openEmbedder(settings, {
    ...quiet,
    warn: (...args: unknown[]) => void warnings.push(args),
  } as never)
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await embedder.close?.()
  })
  return { embedder, warnings }
}

test('asks for its dimension where the settings say so', async (t) => {
  const { embedder } = await openAt(t, { send_dimensions: true })
  const [vector] = await embedder.embed(['a'], SIGNAL)
  assert.equal(vector?.length, 2)
})

test('says once in the log why the embedder rests, without a word of the question', async (t) => {
  const { embedder, warnings } = await openAt(t, {})
  for (let i = 0; i < 10; i++) await assert.rejects(embedder.embed([`secret ${i}`], SIGNAL))
  assert.equal(warnings.length, 1)
  const [fields] = warnings[0] as [{ code: string; reason: string }]
  assert.equal(fields.code, 'EMBED_SHAPE')
  assert.match(fields.reason, /2 numbers, got 4/)
  assert.ok(!JSON.stringify(warnings).includes('secret'))
})
