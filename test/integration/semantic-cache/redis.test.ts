import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { runCli } from '../../../plugins/semantic-cache/cli/run.ts'
import type { JsonObject } from '../../../runner/plugin.ts'
import { connectRedis, untilReady } from '../../../runner/services/redis.ts'
import { freePort } from '../../support/free-port.ts'
import { collectingLog } from '../../support/rig.ts'
import { RunnerProcess } from '../../support/runner-process.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import {
  answerBody,
  type Cache,
  CHAT,
  chat,
  openCache,
  textOf,
} from '../../unit/plugins/semantic-cache/support.ts'

let server: RedisServer
before(async () => {
  server = await startRedis({ appendonly: true })
})
after(() => server.stop())

/** A connection as the runner has it. */
async function connection(t: TestContext, url = server.url): Promise<Redis> {
  const settings = { url, cluster: false, key_prefix: '', connect_timeout_ms: 1000 }
  const redis = connectRedis(settings, collectingLog([]))
  await untilReady(redis, 3000)
  t.after(() => redis.disconnect())
  return redis
}

/** A runner with connections of its own; those of one prefix share a cache. */
async function runner(t: TestContext, prefix: string, settings: JsonObject = {}): Promise<Cache> {
  const redis = await connection(t)
  return openCache(
    t,
    { redis_deadline_ms: 500, ...settings },
    { redis, redisKeys: { prefix, cluster: false }, clock: { now: Date.now } },
  )
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 1200; i++) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(50)
  }
  throw new Error('never')
}

test('runners share entries, exact and similar ones', async (t) => {
  const [first, second] = [await runner(t, 'share:'), await runner(t, 'share:')]
  await first.fetch({ json: chat('How do I read a file in Python?') }, 'open()')
  const exact = await second.ask({ json: chat('How do I read a file in Python?') })
  assert.deepEqual([exact.cache, textOf(exact.body)], ['HIT', 'open()'])
  const headers = { 'x-cache-debug': '1' }
  const near = await second.ask({ json: chat('how do I read a file in python'), headers })
  assert.deepEqual([near.cache, near.reason, textOf(near.body)], ['HIT', 'semantic', 'open()'])
  assert.equal(
    (await second.ask({ consumer: 'b', json: chat('How do I read a file in Python?') })).cache,
    'MISS',
  )
})

test('of equal misses in two runners one fetches, the other is served', async (t) => {
  const [first, second] = [await runner(t, 'equal:'), await runner(t, 'equal:')]
  const conf = { coalesce_ms: 8000 }
  const leader = await first.ask({ json: chat('What is a mutex?') }, conf)
  const followers = [1, 2, 3].map(() => second.ask({ json: chat('What is a mutex?') }, conf))
  await sleep(100)
  await first.answer(leader, answerBody(CHAT, 'a lock'))
  for (const outcome of await Promise.all(followers)) assert.equal(textOf(outcome.body), 'a lock')
})

test('a flush in mid-traffic costs misses only', async (t) => {
  const cache = await runner(t, 'flush:')
  const questions = ['What is a stack?', 'What is a queue?', 'What is a heap?']
  const round = async () => {
    const results = []
    for (const question of questions) {
      results.push((await cache.fetch({ json: chat(question) }, `answer to ${question}`)).cache)
    }
    return results
  }
  await round()
  assert.deepEqual(await round(), ['HIT', 'HIT', 'HIT'])
  await server.flush()
  assert.deepEqual(await round(), ['MISS', 'MISS', 'MISS'])
  assert.deepEqual(await round(), ['HIT', 'HIT', 'HIT'])
  await eventually(async () => {
    const near = await cache.ask({ json: chat('what is a stack ?') })
    return near.cache === 'HIT' ? near : undefined
  })
  assert.ok(!(await cache.metric('llm_cache_store_failures_total')).includes('failure="failed"'))
})

test('Redis away is a miss, soon without asking; when it is back the entries are there', async (t) => {
  const cache = await runner(t, 'away:')
  const json = chat('What is a semaphore?')
  await cache.fetch({ json }, 'a counter')
  await server.kill()
  for (let i = 0; i < 10; i++) {
    const outcome = await cache.ask({ json, headers: { 'x-cache-debug': '1' } })
    assert.deepEqual([outcome.cache, outcome.reason], ['MISS', 'store_away'])
  }
  const failures = await cache.metric('llm_cache_store_failures_total')
  assert.match(failures, /operation="get",failure="failed"} 5/)
  assert.match(failures, /operation="get",failure="resting"} 5/)
  await server.restart()
  const back = await eventually(async () => {
    const outcome = await cache.ask({ json })
    return outcome.cache === 'HIT' ? outcome : undefined
  })
  assert.equal(textOf(back.body), 'a counter')
})

test('a runner that starts without Redis caches once it is there', async (t) => {
  const port = await freePort()
  const redis = await connection(t, `redis://127.0.0.1:${port}`).catch(() => undefined)
  assert.ok(redis)
  const cache = await openCache(t, { sweep_ms: 50 }, { redis, clock: { now: Date.now } })
  assert.equal((await cache.fetch({ json: chat('What is a lock?') }, 'x')).cache, 'MISS')
  const late = await startRedis({ port })
  t.after(() => late.stop())
  await eventually(async () => {
    const { cache: result } = await cache.fetch({ json: chat('What is a lock?') }, 'a door thing')
    return result === 'HIT' ? result : undefined
  })
  await eventually(async () => {
    const near = await cache.ask({ json: chat('what is a lock ?') })
    return near.cache === 'HIT' ? near : undefined
  })
})

test('the command line lists, inspects and purges, through a runner and at Redis itself', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cache-cli-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const usagePort = await freePort()
  const process = new RunnerProcess({
    socketPath: join(dir, 'runner.sock'),
    usagePort,
    env: {
      LLM_RUNNER_REDIS_URL: server.url,
      LLM_RUNNER_REDIS_KEY_PREFIX: 'cli:',
      LLM_RUNNER_USAGE_ADMIN_KEY: 'an-admin-key',
    },
  })
  await process.start()
  t.after(() => process.kill())
  const cache = await runner(t, 'cli:')
  await cache.fetch({ consumer: 'a', json: chat('What is Redis?') }, 'a store')
  await cache.fetch({ consumer: 'b', json: chat('What is Redis?', { model: 'gpt-4' }) }, 'a store')
  const run = async (env: Record<string, string>, ...args: string[]) => {
    let text = ''
    const write = (more: string) => {
      text += more
    }
    const code = await runCli(args, { env, out: write, err: write })
    return { code, text }
  }
  const url = `http://127.0.0.1:${usagePort}`
  const ways: Record<string, string>[] = [
    { LLM_CACHE_URL: url, LLM_RUNNER_USAGE_ADMIN_KEY: 'an-admin-key' },
    { LLM_CACHE_REDIS_URL: server.url },
  ]
  for (const env of ways) {
    const cli = (...args: string[]) =>
      run(env, ...args, ...(env.LLM_CACHE_REDIS_URL === undefined ? [] : ['--prefix', 'cli:']))
    const stats = await cli('stats')
    assert.equal(stats.code, 0, stats.text)
    assert.match(stats.text, /entries +2/)
    assert.match(stats.text, /consumer:a +1 +\d+/)
    const listed = await cli('list', '--scope', 'consumer:b', '--format', 'json')
    const { total, entries } = JSON.parse(listed.text)
    assert.deepEqual([total, entries.length, entries[0].scope], [1, 1, 'consumer:b'])
    assert.ok(!listed.text.includes('Redis') && !listed.text.includes('a store'))
    assert.equal((await cli('inspect', entries[0].key)).code, 0)
    assert.equal((await cli('inspect', `${'0'.repeat(32)}:nothing`)).code, 1)
    assert.equal((await cli('list', '--older-than', 'yesterday')).code, 2)
    assert.equal((await cli('purge')).code, 2)
    assert.equal((await cli('purge', '--scope', 'consumer:c')).code, 0)
  }
  const [admin = {}, direct = {}] = ways
  assert.equal((await run({ LLM_CACHE_URL: url }, 'stats')).code, 3)
  assert.equal((await run({ LLM_CACHE_URL: 'http://127.0.0.1:1' }, 'stats')).code, 3)
  assert.equal((await run({ LLM_CACHE_REDIS_URL: 'redis://127.0.0.1:1' }, 'stats')).code, 3)
  assert.equal((await run(direct, 'stats', '--prefix', 'nobody:')).code, 2)
  assert.match((await run({}, '--help')).text, /Exit codes/)
  assert.match((await run(admin, 'purge', '--model', 'gpt-4o-2024-08-06')).text, /removed +2/)
  assert.match((await run(admin, 'purge', '--all')).text, /removed +0/)
  assert.equal((await cache.ask({ consumer: 'a', json: chat('What is Redis?') })).cache, 'MISS')
})

test('a purge reaches entries whose books Redis has thrown away, and leaves those of others alone', async (t) => {
  const cache = await runner(t, 'books*:')
  const other = await runner(t, 'booksX:')
  const redis = await connection(t)
  const question = { json: chat('What is a ledger?') }
  const fill = async () => {
    for (const consumer of ['a', 'b']) await cache.fetch({ ...question, consumer }, 'a book')
    const books = (await redis.keys('books\\*:*')).filter((key) => /:(?:u|x|b):|:scopes$|:totals$/.test(key))
    await redis.del(...books)
  }
  const isThere = async (consumer: string) => (await cache.ask({ ...question, consumer })).cache === 'HIT'
  await other.fetch(question, 'a book')

  await fill()
  assert.deepEqual((await cache.admin('DELETE', 'entries?scope=consumer:a'))?.json, { removed: 1 })
  assert.deepEqual([await isThere('a'), await isThere('b')], [false, true])
  await fill()
  assert.deepEqual((await cache.admin('DELETE', 'entries?all=true'))?.json, { removed: 2 })
  assert.deepEqual([await isThere('a'), await isThere('b')], [false, false])
  assert.equal((await other.ask(question)).cache, 'HIT')
})

test('what another program wrote under the key of an entry is a miss', async (t) => {
  const cache = await runner(t, 'alien:')
  const redis = await connection(t)
  const question = { json: chat('What is an alien?') }
  await cache.fetch(question, 'a guest')
  const [key = ''] = (await redis.keys('alien:*:e:*')) ?? []
  const packed = (await redis.hgetBuffer(key, 'd')) ?? Buffer.alloc(0)
  await redis.hset(key, 'd', packed.subarray(0, packed.length - 4))
  assert.equal((await cache.ask(question)).cache, 'MISS')
  await redis.del(key)
  await redis.set(key, 'a string')
  assert.equal((await cache.ask(question)).cache, 'MISS')
  await cache.fetch(question, 'a guest again')
  assert.equal(textOf((await cache.ask(question)).body), 'a guest again')
})
