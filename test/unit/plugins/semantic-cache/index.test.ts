import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { guardNote } from '../../../../plugins/prompt-guard/note.ts'
import { cacheNote } from '../../../../plugins/semantic-cache/note.ts'
import { readAnswer, readNote } from '../../../../runner/plugin.ts'
import { answerBody, CHAT, chat, chatStream, ENDPOINTS, openCache, textOf } from './support.ts'

const QUESTION = 'How do I read a file in Python?'
/** Until those who were started are waiting. */
const SETTLED_MS = 100
const DEBUG = { 'x-cache-debug': '1' }

test('serves an equal request again on every endpoint, as JSON and as a stream, for nothing', async (t) => {
  const cache = await openCache(t)
  for (const { path, body } of ENDPOINTS) {
    const json = body(QUESTION)
    assert.equal((await cache.fetch({ path, json }, `answer on ${path}`)).cache, 'MISS', path)
    const plain = await cache.ask({ path, json })
    assert.equal(plain.cache, 'HIT', path)
    assert.equal(plain.headers['content-type'], 'application/json')
    assert.equal(plain.headers['x-cache-similarity'], '1.0000')
    assert.equal(textOf(plain.body), `answer on ${path}`)
    assert.match(plain.body, /"_cached":true/)
    assert.match(plain.body, /"id":"[a-z_-]*cached-/)
    const streamed = await cache.ask({ path, json: body(QUESTION, { stream: true }) })
    assert.equal(streamed.cache, 'HIT', path)
    assert.match(streamed.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.match(streamed.body, /^(?:event|data): /)
    assert.equal(textOf(streamed.body), `answer on ${path}`)
  }
  assert.match(await cache.metric('llm_cache_saved_tokens_total'), /kind="prompt"} 80/)
  assert.match(await cache.metric('llm_cache_total'), /result="hit_exact",reason="hit"} 8/)
})

test('an answer that came as a stream serves a plain request', async (t) => {
  const cache = await openCache(t)
  const asked = await cache.ask({ json: chat(QUESTION, { stream: true }) })
  await cache.answer(asked, chatStream('open() does it'))
  const hit = await cache.ask({ json: chat(QUESTION) })
  assert.equal(hit.cache, 'HIT')
  assert.equal(JSON.parse(hit.body).choices[0].message.content, 'open() does it')
  assert.equal(JSON.parse(hit.body).usage.total_tokens, 0)
})

test('passes by what cannot be told again, with the reason on request', async (t) => {
  const cache = await openCache(t)
  const tools = [{ type: 'function', function: { name: 'f' } }]
  const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }
  const flagged = { findings: [{ action: 'flag', category: 'x', score: 1, rules: [], flags: [] }] }
  const cases: [string, Parameters<typeof cache.ask>[0]][] = [
    ['tools', { json: chat(QUESTION, { tools }) }],
    ['tools', { json: chat(QUESTION, { messages: [{ role: 'tool', tool_call_id: 't', content: 'x' }] }) }],
    ['media', { json: chat(QUESTION, { messages: [image] }) }],
    ['media', { json: chat(QUESTION, { modalities: ['text', 'audio'] }) }],
    ['media', { json: chat(QUESTION, { modalities: ['text', 'image'] }) }],
    ...[
      { type: 'file', file: { file_id: 'f' } },
      { type: 'video_url', video_url: { url: 'https://provider.example/v.mp4' } },
      { type: 'document', source: { type: 'url', url: 'https://provider.example/a.pdf' } },
      { type: 'something_new' },
      { image: 'https://provider.example/a.png' },
    ].map((part): (typeof cases)[number] => {
      const content = [part, { type: 'text', text: QUESTION }]
      return ['media', { json: chat(QUESTION, { messages: [{ role: 'user', content }] }) }]
    }),
    ...[{ web_search_options: {} }, { enable_search: true }, { mcp_servers: [{ url: 'x' }] }].map(
      (own): (typeof cases)[number] => ['tools', { json: chat(QUESTION, own) }],
    ),
    ...[{ previous_response_id: 'r' }, { conversation: 'c' }, { background: true }].map(
      (own): (typeof cases)[number] => [
        'stateful',
        { path: '/v1/responses', json: { model: 'gpt-4o', input: QUESTION, ...own } },
      ],
    ),
    ['temperature', { json: chat(QUESTION, { temperature: 1.2 }) }],
    ['choices', { json: chat(QUESTION, { n: 2 }) }],
    ['logprobs', { json: chat(QUESTION, { logprobs: true }) }],
    ['no_store', { json: chat(QUESTION), headers: { 'cache-control': 'max-age=1, No-Store' } }],
    ['bypass_header', { json: chat(QUESTION), headers: { 'x-cache-bypass': 'true' } }],
    ['no_consumer', { json: chat(QUESTION), consumer: '' }],
    ['flagged', { json: chat(QUESTION), notes: { [guardNote.plugin]: flagged } }],
    ['endpoint', { path: '/v1/embeddings', json: { model: 'm', input: 'x' } }],
  ]
  await cache.fetch({ json: chat(QUESTION) }, 'an answer')
  for (const [reason, asked] of cases) {
    const outcome = await cache.ask({ ...asked, headers: { ...asked.headers, ...DEBUG } })
    assert.equal(outcome.cache, 'BYPASS', reason)
    assert.equal(outcome.reason, reason)
    await cache.answer(outcome, answerBody(CHAT, 'must not be stored'))
  }
  const silent = { mcp_servers: [], enable_search: false, background: null, modalities: ['text'] }
  assert.equal((await cache.ask({ json: chat(QUESTION, silent) })).cache, 'MISS')
  assert.equal((await cache.ask({ json: chat(QUESTION), headers: { 'x-cache-bypass': '0' } })).cache, 'HIT')
  const { json } = (await cache.admin('GET', 'entries')) ?? {}
  assert.equal((json as { total: number }).total, 1)
})

test('no-cache fetches anew and stores; max-age refuses what is older', async (t) => {
  const cache = await openCache(t)
  const json = chat(QUESTION)
  await cache.fetch({ json }, 'old')
  const anew = await cache.fetch({ json, headers: { 'cache-control': 'no-cache', ...DEBUG } }, 'new')
  assert.deepEqual([anew.cache, anew.reason], ['MISS', 'not_asked'])
  assert.equal(textOf((await cache.ask({ json })).body), 'new')
  cache.now += 30_000
  const hit = await cache.ask({ json, headers: { 'cache-control': 'max-age=30' } })
  assert.deepEqual([hit.cache, hit.headers['x-cache-age']], ['HIT', '30'])
  const tooOld = await cache.ask({ json, headers: { 'cache-control': 'max-age=29', ...DEBUG } })
  assert.deepEqual([tooOld.cache, tooOld.reason], ['MISS', 'too_old'])
})

test('keeps an entry as long as the request asks, within the route’s bound', async (t) => {
  const cache = await openCache(t)
  const lives = async (question: string, ttl: string | undefined, conf: object) => {
    const headers = ttl === undefined ? {} : { 'x-cache-ttl': ttl }
    await cache.fetch({ json: chat(question), headers }, 'answer', { ...conf })
    const { json } = (await cache.admin('GET', 'entries?limit=1&order=stored')) ?? {}
    const [entry] = (json as { entries: { expires_in_s: number }[] }).entries
    cache.now += 1000
    return entry?.expires_in_s ?? 0
  }
  const between = (seconds: number, wanted: number) =>
    assert.ok(seconds <= wanted && seconds >= wanted * 0.9 - 1, `${seconds} for ${wanted}`)
  between(await lives('Where is Bonn?', undefined, {}), 3600)
  between(await lives('Who wrote Faust?', '60', {}), 60)
  between(await lives('What is a monad?', '7200', {}), 3600)
  between(await lives('Why is the sky blue?', '7200', { max_ttl_s: 86_400 }), 7200)
  between(await lives('When was Rome founded?', '1e9', {}), 3600)
  between(await lives('Which planet is largest?', '-5', {}), 3600)
})

test('serves near-duplicates, as near as route and request want them', async (t) => {
  const cache = await openCache(t)
  const conf = { threshold: 0.97, min_threshold: 0.5 }
  await cache.fetch({ json: chat('How do I read a file in Python?') }, 'open()', conf)
  const near = chat('how do I read a file in python ?')
  const hit = await cache.ask({ json: near, headers: DEBUG }, conf)
  assert.deepEqual([hit.cache, hit.reason], ['HIT', 'semantic'])
  const other = chat('How do I read a file in Ruby?')
  const far = await cache.ask({ json: other, headers: DEBUG }, conf)
  assert.deepEqual([far.cache, far.reason], ['MISS', 'below_threshold'])
  const asked = { ...DEBUG, 'x-cache-threshold': '0.1' }
  const wrong = await cache.ask({ json: other, headers: asked }, conf)
  assert.equal(wrong.cache, 'MISS')
  assert.match(wrong.reason ?? '', /^rejected_/)
  assert.match(await cache.metric('llm_cache_rejections_total'), /reason="[a-z]+"} 1/)
  assert.equal((await cache.ask({ json: near }, { ...conf, semantic: false })).cache, 'MISS')
  assert.equal((await cache.ask({ json: near, headers: { 'x-cache-threshold': '1' } }, conf)).cache, 'HIT')
})

test('does not embed what the verifier would not read', async (t) => {
  const cache = await openCache(t)
  const isEmbedded = async () =>
    /_count{.*result="ok"/.test(await cache.metric('llm_cache_embedding_seconds'))
  const long = 'How do I read a file in Python? '.repeat(70)
  await cache.fetch({ json: chat(long) }, 'open()', { max_query_chars: 100_000 })
  assert.equal((await cache.ask({ json: chat(long) })).cache, 'HIT')
  assert.equal(await isEmbedded(), false)
  await cache.fetch({ json: chat(QUESTION) }, 'open()')
  assert.equal(await isEmbedded(), true)
})

test('the verifier’s bars count from the threshold of the route, whatever the request asks for', async (t) => {
  const cache = await openCache(t)
  // To the lexical embedder the two are 0.86 alike.
  const [stored, asked] = [chat('How do I read a file in Python?'), chat('How can I read a file in Python?')]
  await cache.fetch({ json: stored }, 'open()')
  const ask = (threshold: number, wanted: number) =>
    cache.ask(
      { json: asked, headers: { ...DEBUG, 'x-cache-threshold': `${wanted}` } },
      { threshold, min_threshold: 0.5 },
    )
  assert.equal((await ask(0.6, 0.6)).cache, 'HIT')
  for (const wanted of [0.5, 0.85]) assert.equal((await ask(0.85, wanted)).reason, 'rejected_closeness')
})

test('a similar question only answers when everything else is equal', async (t) => {
  const cache = await openCache(t)
  const messages = (system: string, question: string) => [
    { role: 'system', content: system },
    { role: 'user', content: question },
  ]
  const ask = (system: string, question: string, more = {}) =>
    cache.ask({ json: chat('', { messages: messages(system, question), ...more }) })
  const first = { json: chat('', { messages: messages('Be brief.', 'How do I read a file?') }) }
  await cache.fetch(first, 'open()')
  assert.equal((await ask('Be brief.', 'how do I read a file')).cache, 'HIT')
  assert.equal((await ask('Be long.', 'how do I read a file')).cache, 'MISS')
  assert.equal((await ask('Be brief.', 'how do I read a file', { temperature: 0.5 })).cache, 'MISS')
  assert.equal((await ask('Be brief.', 'how do I read a file', { model: 'gpt-4' })).cache, 'MISS')
  const header = { 'anthropic-beta': 'x' }
  const json = chat('', { messages: messages('Be brief.', 'how do I read a file') })
  assert.equal((await cache.ask({ json, headers: header })).cache, 'MISS')
})

test('keeps only whole answers of the model that was asked', async (t) => {
  const cache = await openCache(t)
  let n = 0
  const kept = async (body: string, event: Parameters<typeof cache.answer>[2] = {}, conf = {}) => {
    const json = chat(`Question number ${++n}?`)
    await cache.answer(await cache.ask({ json }, conf), body, event)
    return (await cache.ask({ json }, conf)).cache === 'HIT'
  }
  assert.equal(await kept(answerBody(CHAT, 'fine')), true)
  assert.equal(await kept(answerBody(CHAT, 'cut off', 'length')), false)
  assert.equal(await kept(answerBody(CHAT, 'x', 'content_filter')), false)
  assert.equal(await kept(answerBody(CHAT, '  ')), false)
  assert.equal(await kept(answerBody(CHAT, 'I’m sorry, I cannot help with that.')), false)
  assert.equal(await kept(answerBody(CHAT, '很抱歉，我无法回答这个问题。')), false)
  assert.equal(await kept(chatStream('whole').replace('data: [DONE]\n\n', '').slice(0, -60)), false)
  assert.equal(await kept(answerBody(CHAT, 'x'), { fallback: true }), false)
  assert.equal(await kept(answerBody(CHAT, 'x'), { outcome: 'client_disconnected' }), false)
  assert.equal(await kept(answerBody(CHAT, 'x'), { outcome: 'upstream_error', status: 500 }), false)
  assert.equal(await kept(answerBody(CHAT, 'x'.repeat(101)), {}, { max_answer_bytes: 100 }), false)
  assert.match(await cache.metric('llm_cache_total'), /result="not_stored",reason="fallback"} 1/)
})

test('keeps no answer that says more than its text, for example where it is from', async (t) => {
  const cache = await openCache(t)
  const json = chat(QUESTION)
  const choices = [{ index: 0, message: { role: 'assistant', content: 'See [1].' }, finish_reason: 'stop' }]
  const body = { object: 'chat.completion', model: 'm', choices, citations: ['https://provider.example/'] }
  await cache.answer(await cache.ask({ json }), JSON.stringify(body))
  assert.equal((await cache.ask({ json })).cache, 'MISS')
  assert.match(await cache.metric('llm_cache_total'), /result="not_stored",reason="extras"} 1/)
})

test('keeps no answer that a stop sequence ended: Anthropic tells its clients which one', async (t) => {
  const cache = await openCache(t)
  const asked = {
    path: '/v1/messages',
    json: { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: QUESTION }] },
  }
  await cache.answer(await cache.ask(asked), answerBody(asked.path, 'Ten percent', 'stop_sequence'))
  assert.equal((await cache.ask(asked)).cache, 'MISS')
})

test('tells the reasoning again as well', async (t) => {
  const cache = await openCache(t)
  const json = chat(QUESTION)
  const message = { role: 'assistant', reasoning_content: 'Clause seven.', content: 'Ten percent.' }
  const body = { object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] }
  await cache.answer(await cache.ask({ json }), JSON.stringify(body))
  for (const stream of [false, true]) {
    const hit = await cache.ask({ json: { ...json, stream } })
    assert.equal(readAnswer(hit.body).choices[0]?.reasoning, 'Clause seven.')
  }
})

const REFUSALS = [
  "I'm really sorry, but I cannot do this.",
  'Unfortunately, I can’t help with that.',
  'I apologize, but I am unable to share that.',
  'I cannot fulfill that request.',
  'I must decline.',
  'As a large language model, I have no opinion.',
  '抱歉，这个问题不便回答。',
  '你好，我无法给到相关内容。',
  '作为一个人工智能语言模型，我没有感情。',
]
const ANSWERS = [
  'Unfortunately for them, the harvest failed.',
  'I must say that clause seven is unusual.',
  'I can’t overstate how much that matters.',
  'I will give you three names: Ann, Bob and Eve.',
  '我无法忍受的三件事：噪音、迟到和谎言。',
  '问题出在第七条。',
]

test('keeps no refusals, however they begin', async (t) => {
  const cache = await openCache(t)
  const isKept = async (text: string) => {
    await cache.fetch({ json: chat(text) }, text)
    return (await cache.ask({ json: chat(text) })).cache === 'HIT'
  }
  for (const text of REFUSALS) assert.equal(await isKept(text), false, text)
  for (const text of ANSWERS) assert.equal(await isKept(text), true, text)
})

test('what the cache must know later travels in the note alone, its own headers do not reach the provider', async (t) => {
  const cache = await openCache(t)
  const headers = { 'x-cache-debug': '1', 'x-cache-ttl': '5', 'x-cache-threshold': '0.99', accept: 'x' }
  const { request, decision } = await cache.ask({ json: chat(QUESTION), headers })
  assert.ok(decision.kind === 'rewrite')
  assert.deepEqual(decision.patch.headers, {
    ...{ 'x-cache-debug': null, 'x-cache-ttl': null, 'x-cache-threshold': null },
  })
  const note = readNote(request.notes, cacheNote)
  assert.ok(note?.result === 'miss')
  const { note: _, ...sent } = decision
  for (const secret of [note.scope, note.key, note.context]) assert.ok(!JSON.stringify(sent).includes(secret))
  assert.ok(!JSON.stringify(note).includes('Python'))
})

test('in shadow mode a hit is fetched all the same and the two answers are compared', async (t) => {
  const cache = await openCache(t)
  const conf = { shadow_share: 1 }
  await cache.fetch({ json: chat(QUESTION) }, 'Use open() and read().')
  const compare = async (live: string) => {
    const outcome = await cache.ask({ json: chat(QUESTION), headers: DEBUG }, conf)
    assert.deepEqual([outcome.cache, outcome.reason], ['MISS', 'shadow'])
    await cache.answer(outcome, answerBody(CHAT, live))
  }
  await compare('use open() and read()!')
  await compare('You should use open() and then read().')
  await compare('Ask your administrator about it.')
  const shadows = await cache.metric('llm_cache_shadow_total')
  for (const result of ['equal', 'similar', 'different']) {
    assert.match(shadows, new RegExp(`layer="exact",result="${result}"} 1`))
  }
  assert.match(await cache.metric('llm_cache_shadow_similarity'), /_count{layer="exact"} 3/)
})

test('of equal misses at the same time one fetches, the others are served its answer', async (t) => {
  const cache = await openCache(t)
  const conf = { coalesce_ms: 5000 }
  const json = chat(QUESTION)
  const leader = await cache.ask({ json }, conf)
  assert.equal(leader.cache, 'MISS')
  const followers = Array.from({ length: 10 }, () => cache.ask({ json }, conf))
  await sleep(SETTLED_MS)
  cache.finish(leader, 'forwarded', conf)
  await cache.answer(leader, answerBody(CHAT, 'once'))
  for (const outcome of await Promise.all(followers)) {
    assert.equal(outcome.cache, 'HIT')
    assert.equal(textOf(outcome.body), 'once')
  }
  assert.match(await cache.metric('llm_cache_coalesced_total'), /result="waited_hit"} 10/)
})

test('a request that fetches anew beside a leader does not end the wait for the leader', async (t) => {
  const cache = await openCache(t)
  const conf = { coalesce_ms: 8000 }
  const json = chat(QUESTION)
  const leader = await cache.ask({ json }, conf)
  const follower = cache.ask({ json }, conf)
  const other = await cache.ask({ json, headers: { 'cache-control': 'no-cache' } }, conf)
  await cache.answer(other, '{"error":{"message":"no"}}', { status: 500, outcome: 'upstream_error' })
  cache.finish(other, 'refused', conf)
  await sleep(SETTLED_MS)
  await cache.answer(leader, answerBody(CHAT, 'once'))
  assert.equal(textOf((await follower).body), 'once')
})

test('followers go on their own when the leader is refused, fails, or takes too long', async (t) => {
  const cache = await openCache(t)
  const patient = { coalesce_ms: 5000 }
  const refused = await cache.ask({ json: chat('What is a lock?') }, patient)
  const first = cache.ask({ json: chat('What is a lock?') }, patient)
  await sleep(SETTLED_MS)
  cache.finish(refused, 'refused', patient)
  assert.equal((await first).cache, 'MISS')
  const failed = await cache.ask({ json: chat('What is a key?') }, patient)
  const second = cache.ask({ json: chat('What is a key?') }, patient)
  await sleep(SETTLED_MS)
  await cache.answer(failed, '{"error":{"message":"no"}}', { status: 500, outcome: 'upstream_error' })
  assert.equal((await second).cache, 'MISS')
  const hasty = { coalesce_ms: 30 }
  await cache.ask({ json: chat('What is a door?') }, hasty)
  assert.equal((await cache.ask({ json: chat('What is a door?') }, hasty)).cache, 'MISS')
  const results = await cache.metric('llm_cache_coalesced_total')
  assert.match(results, /result="leader_failed"} 2/)
  assert.match(results, /result="waited_in_vain"} 1/)
})

test('operators see entries without texts, and remove them', async (t) => {
  const cache = await openCache(t)
  await cache.fetch({ json: chat(QUESTION), consumer: 'a' }, 'secret answer')
  await cache.fetch({ json: chat(QUESTION, { model: 'gpt-4' }), consumer: 'b:c' }, 'secret answer')
  const json = async (method: 'GET' | 'DELETE', path: string) => {
    const reply = await cache.admin(method, path)
    assert.ok(!JSON.stringify(reply).includes('secret') && !JSON.stringify(reply).includes('Python'))
    const fields: Record<string, unknown> = { ...reply?.json, status: reply?.status }
    return fields
  }
  const stats = await json('GET', 'stats')
  assert.equal(stats.entries, 2)
  assert.equal(stats.embedder, 'lexical-384')
  const listed = await json('GET', 'entries?scope=consumer:b:c')
  assert.equal(listed.total, 1)
  const [entry] = listed.entries as { key: string; scope: string }[]
  assert.equal(entry?.scope, 'consumer:b:c')
  assert.equal((await json('GET', `entries/${entry?.key}`)).status, 200)
  assert.equal((await json('DELETE', 'entries')).status, 400)
  assert.equal((await json('DELETE', 'entries?all=true&scope=global')).status, 400)
  assert.equal((await json('DELETE', 'entries?scoep=global')).status, 400)
  assert.equal((await json('GET', 'entries?limit=0')).status, 400)
  assert.equal((await json('DELETE', `entries/${entry?.key}`)).status, 200)
  assert.equal((await json('DELETE', `entries/${entry?.key}`)).status, 404)
  assert.equal((await json('DELETE', 'entries?all=true')).removed, 1)
  assert.equal(await cache.admin('GET', 'nothing'), undefined)
})
