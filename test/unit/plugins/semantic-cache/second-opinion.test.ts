import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  HttpSecondOpinion,
  type SecondOpinionSettings,
} from '../../../../plugins/semantic-cache/second-opinion.ts'
import { chat, openCache } from './support.ts'

interface Imitation {
  readonly url: string
  reply: unknown
  status: number
  delayMs: number
  readonly asked: { readonly headers: Record<string, unknown>; readonly body: Record<string, unknown> }[]
}

async function imitation(t: TestContext): Promise<Imitation> {
  const state: Omit<Imitation, 'url'> = { reply: [], status: 200, delayMs: 0, asked: [] }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    state.asked.push({ headers: request.headers, body: JSON.parse(body) })
    setTimeout(() => {
      response.writeHead(state.status, { 'content-type': 'application/json' })
      response.end(typeof state.reply === 'string' ? state.reply : JSON.stringify(state.reply))
    }, state.delayMs)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/judge`
  return Object.assign(state, { url })
}

const settings = (url: string, own: Partial<SecondOpinionSettings> = {}): SecondOpinionSettings => ({
  ...{ kind: 'nli', url, min_score: 0.8, timeout_ms: 2000 },
  ...own,
})
const signal = new AbortController().signal
const entails = (score: number) => [
  { label: 'ENTAILMENT', score },
  { label: 'contradiction', score: 1 - score },
]

test('asks an NLI model both ways, and both must entail', async (t) => {
  const judge = await imitation(t)
  const opinion = new HttpSecondOpinion(settings(judge.url, { api_key: 'sk-judge' }))
  judge.reply = [entails(0.9), entails(0.95)]
  assert.equal(await opinion.agrees('a', 'b', signal), true)
  assert.deepEqual(judge.asked[0]?.body, {
    inputs: [
      ['a', 'b'],
      ['b', 'a'],
    ],
  })
  assert.equal(judge.asked[0]?.headers.authorization, 'Bearer sk-judge')
  judge.reply = [entails(0.9), entails(0.1)]
  assert.equal(await opinion.agrees('a', 'b', signal), false)
})

test('reads the scores of rerankers in both forms', async (t) => {
  const judge = await imitation(t)
  const opinion = new HttpSecondOpinion(settings(judge.url, { kind: 'rerank', model: 'm' }))
  for (const form of [
    (score: number) => [{ index: 0, score }],
    (score: number) => ({ results: [{ index: 0, relevance_score: score }] }),
  ]) {
    judge.reply = form(0.81)
    assert.equal(await opinion.agrees('a', 'b', signal), true)
    judge.reply = form(0.79)
    assert.equal(await opinion.agrees('a', 'b', signal), false)
  }
  assert.deepEqual(judge.asked[0]?.body, { model: 'm', query: 'a', texts: ['b'], documents: ['b'], top_n: 1 })
})

test('rejects whatever is late, broken or of another form, and then rests', async (t) => {
  const judge = await imitation(t)
  const state = { now: 0 }
  const opinion = new HttpSecondOpinion(settings(judge.url, { timeout_ms: 500 }), () => state.now)
  const good = [entails(1), entails(1)]
  for (const reply of [
    'not json',
    [],
    [entails(1)],
    {},
    null,
    [[{ label: 'neutral', score: 1 }], entails(1)],
  ]) {
    judge.reply = reply
    assert.equal(await opinion.agrees('a', 'b', signal), false, JSON.stringify(reply))
    state.now += 10_000
  }
  judge.reply = 'x'.repeat(100_000)
  assert.equal(await opinion.agrees('a', 'b', signal), false)
  judge.reply = good
  state.now += 10_000
  assert.equal(await opinion.agrees('a', 'b', signal), true)
  judge.status = 500
  for (let i = 0; i < 3; i++) assert.equal(await opinion.agrees('a', 'b', signal), false)
  judge.status = 200
  const { length } = judge.asked
  assert.equal(await opinion.agrees('a', 'b', signal), false)
  assert.equal(judge.asked.length, length)
  state.now += 5001
  assert.equal(await opinion.agrees('a', 'b', signal), true)
  judge.delayMs = 1500
  assert.equal(await opinion.agrees('a', 'b', signal), false)
})

test('has the last word on a candidate, and is not asked about others', async (t) => {
  const judge = await imitation(t)
  const own = settings(judge.url)
  const cache = await openCache(t, { second_opinion: { ...own } })
  const conf = { threshold: 0.9, lookup_deadline_ms: 3000 }
  await cache.fetch({ json: chat('How do I read a file?') }, 'open()', conf)
  assert.equal((await cache.ask({ json: chat('How do I read a file?') }, conf)).cache, 'HIT')
  assert.equal(judge.asked.length, 0)
  const similar = { json: chat('how do i read a file'), headers: { 'x-cache-debug': '1' } }
  judge.reply = [entails(0.2), entails(0.9)]
  const rejected = await cache.ask(similar, conf)
  assert.deepEqual([rejected.cache, rejected.reason], ['MISS', 'rejected_second_opinion'])
  judge.reply = [entails(0.9), entails(0.9)]
  assert.equal((await cache.ask(similar, conf)).cache, 'HIT')
  judge.status = 503
  assert.equal((await cache.ask(similar, conf)).cache, 'MISS')
})
