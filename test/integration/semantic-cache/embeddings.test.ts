import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type EmbeddingServer, startEmbeddings } from '../../support/servers/embeddings.ts'
import { chat, openCache, textOf } from '../../unit/plugins/semantic-cache/support.ts'

/** Paraphrases and traps through a real multilingual model; what the verifier does in general test/eval measures. */
let embeddings: EmbeddingServer
before(async () => {
  embeddings = await startEmbeddings()
})
after(() => embeddings.stop())

const settings = () => ({
  embedder: {
    ...{ kind: 'http', base_url: embeddings.url, model: embeddings.model, timeout_ms: 5000 },
    dimensions: embeddings.dimensions,
  },
})
/** E5's scores lie high: 0.9 is where its paraphrases begin. */
const CONF = { threshold: 0.9, min_threshold: 0.85, lookup_deadline_ms: 5000 }

test('a paraphrase is served the answer of the first question, in English and in Chinese', async (t) => {
  const cache = await openCache(t, settings())
  const pairs = [
    ['How do I read a file in Python?', 'How can I read a file in Python?'],
    ['What is the capital of France?', "What's the capital of France?"],
    ['如何在Python中读取文件？', '怎么在Python中读取文件？'],
  ] as const
  for (const [first, second] of pairs) {
    await cache.fetch({ json: chat(first) }, `answer to ${first}`, CONF)
    const outcome = await cache.ask({ json: chat(second), headers: { 'x-cache-debug': '1' } }, CONF)
    assert.deepEqual([outcome.cache, outcome.reason], ['HIT', 'semantic'], second)
    assert.equal(textOf(outcome.body), `answer to ${first}`)
    const similarity = Number(outcome.headers['x-cache-similarity'])
    assert.ok(similarity >= 0.9 && similarity < 1, `${similarity}`)
  }
  assert.match(await cache.metric('llm_cache_embedding_seconds'), /_count{result="ok"} [1-9]/)
})

test('a question that turns it round, names another number or another place is a miss', async (t) => {
  const cache = await openCache(t, settings())
  const traps = [
    ['How do I turn on dark mode?', 'How do I turn off dark mode?'],
    ['Is it safe to eat raw eggs?', 'Is it not safe to eat raw eggs?'],
    ['Who won the election in 2023?', 'Who won the election in 2024?'],
    ['How do I fly from Paris to Rome?', 'How do I fly from Rome to Paris?'],
    ['这个药可以和酒一起吃吗？', '这个药不可以和酒一起吃吗？'],
    ['2023年的冠军是谁？', '2024年的冠军是谁？'],
    ['怎么打开通知？', '怎么关闭通知？'],
  ] as const
  for (const [first, second] of traps) {
    await cache.fetch({ json: chat(first) }, 'an answer', CONF)
    const outcome = await cache.ask({ json: chat(second), headers: { 'x-cache-debug': '1' } }, CONF)
    assert.equal(outcome.cache, 'MISS', second)
    assert.match(outcome.reason ?? '', /^(?:rejected_|below_threshold)/, second)
  }
  assert.match(await cache.metric('llm_cache_rejections_total'), /reason="negation"/)
})

test('an embedder that dies costs similar hits only, and soon no deadlines', async (t) => {
  const dying = await startEmbeddings({})
  const cache = await openCache(t, {
    embedder: { ...settings().embedder, base_url: dying.url, timeout_ms: 1000 },
  })
  await cache.fetch({ json: chat('What is a compiler?') }, 'a translator', CONF)
  await dying.stop()
  assert.equal((await cache.ask({ json: chat('What is a compiler?') }, CONF)).cache, 'HIT')
  for (let i = 0; i < 8; i++) {
    const asked = { json: chat(`What is compiler number ${i}?`), headers: { 'x-cache-debug': '1' } }
    const outcome = await cache.fetch(asked, `answer ${i}`, CONF)
    assert.deepEqual([outcome.cache, outcome.reason], ['MISS', 'embedder_away'])
    assert.equal((await cache.ask(asked, CONF)).cache, 'HIT')
  }
})
