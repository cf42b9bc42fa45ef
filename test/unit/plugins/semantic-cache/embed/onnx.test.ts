import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OnnxEmbedder } from '../../../../../plugins/semantic-cache/embed/onnx.ts'

const signal = new AbortController().signal
const options = { modelPath: '/models/e5', model: 'e5', dimensions: 2 }

test('says which package is missing', async () => {
  const load = () => Promise.reject(new Error('Cannot find package'))
  const embedder = new OnnxEmbedder({ ...options, load })
  await assert.rejects(embedder.embed(['a'], signal), {
    code: 'EMBED_MISSING',
    message: 'install @huggingface/transformers to embed in process',
  })
})

function library(rows: unknown) {
  const seen = {
    env: { allowRemoteModels: true, allowLocalModels: false, logLevel: 30 },
    calls: [] as unknown[],
  }
  const extractor = async (texts: string[], how: unknown) => {
    seen.calls.push([texts, how])
    return { tolist: () => rows }
  }
  const pipeline = async (...args: unknown[]) => {
    seen.calls.push(args)
    return extractor
  }
  return { seen, load: async () => ({ env: seen.env, pipeline }) }
}

test('loads the folder once, never the network, and pools as told', async () => {
  const { seen, load } = library([[3, 4]])
  const embedder = new OnnxEmbedder({ ...options, load, inputPrefix: 'query: ', dtype: 'q8' })
  await embedder.embed(['a'], signal)
  const [vector] = await embedder.embed(['b'], signal)
  assert.equal(embedder.identity, 'e5-q8-query_-2')
  // At 50 the library prints nothing: a failing model would have its input printed.
  assert.deepEqual(seen.env, { allowRemoteModels: false, allowLocalModels: true, logLevel: 50 })
  assert.deepEqual(seen.calls, [
    ['feature-extraction', '/models/e5', { local_files_only: true, dtype: 'q8' }],
    [['query: a'], { pooling: 'mean', normalize: true }],
    [['query: b'], { pooling: 'mean', normalize: true }],
  ])
  assert.ok(Math.abs((vector?.[0] ?? 0) - 0.6) < 1e-6)
})

test('refuses another number of vectors than texts', async () => {
  const embedder = new OnnxEmbedder({ ...options, load: library([]).load })
  await assert.rejects(embedder.embed(['a'], signal), { code: 'EMBED_SHAPE' })
})

test('stops waiting when the caller leaves', async () => {
  const embedder = new OnnxEmbedder({ ...options, load: () => new Promise(() => undefined) })
  const caller = new AbortController()
  const call = embedder.embed(['a'], caller.signal)
  caller.abort()
  await assert.rejects(call, { code: 'EMBED_ABORTED' })
})

test('asks no model that it has given back', async () => {
  const { seen, load } = library([[3, 4]])
  const embedder = new OnnxEmbedder({ ...options, load })
  await embedder.embed(['a'], signal)
  await embedder.close()
  await assert.rejects(embedder.embed(['b'], signal), { code: 'EMBED_ABORTED' })
  assert.equal(seen.calls.length, 2)
})
