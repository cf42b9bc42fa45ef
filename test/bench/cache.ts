/**
 * Speed of the cache on a real Redis Stack of its own: `npm run bench:cache -- [--sizes 1000,10000,100000] [--million]
 * [--calls 2000] [--wait]`. Vectors of 384 dimensions around random topics; nine tenths of the entries are one tenant's, in one
 * context (the filter helps least), one tenth ten others'. Embedding time is left out. One call at a time, so the
 * numbers are latencies; the bare GET of the same run tells what the machine gives. `--wait` measures after Enter only:
 * a million entries take an hour to store, and the machine may be busy until then.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import type { CacheConf } from '../../plugins/semantic-cache/conf.ts'
import semanticCache from '../../plugins/semantic-cache/index.ts'
import { cacheKeyOf } from '../../plugins/semantic-cache/key.ts'
import { type LookupResult, lookupExact, lookupSimilar } from '../../plugins/semantic-cache/lookup.ts'
import { reportCache } from '../../plugins/semantic-cache/report.ts'
import { GuardedCacheStore } from '../../plugins/semantic-cache/store/guarded-cache-store.ts'
import { RedisCacheStore } from '../../plugins/semantic-cache/store/redis-cache-store.ts'
import { PatchedRequest } from '../../runner/rpc/request-view.ts'
import { createMetrics } from '../../runner/services/metrics.ts'
import { compileValidator } from '../../runner/validate.ts'
import { collectingLog } from '../support/rig.ts'
import { startRedis } from '../support/servers/redis.ts'

const DIMENSIONS = 384
const TOPICS = 2000
const BIG = 'tenant_big'
const SMALL = 10
const ANSWER =
  'You can use the built-in function for that; it takes a path and a mode, and gives an object. '.repeat(8)

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000' },
    million: { type: 'boolean', default: false },
    calls: { type: 'string', default: '2000' },
    wait: { type: 'boolean', default: false },
  },
})
const sizes = [...values.sizes.split(',').map(Number), ...(values.million ? [1_000_000] : [])]
const calls = Number(values.calls)

let state = 7
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}
const gauss = () => random() + random() + random() + random() - 2

/** The same for the same number, so that nothing has to be remembered. */
function vectorOf(n: number, noise = 0.35): Float32Array {
  state = (n % TOPICS) + 1
  const vector = Float32Array.from({ length: DIMENSIONS }, gauss)
  state = (Math.imul(n + 1, 2_654_435_761) ^ 0x5bd1e995) >>> 0
  return unit(vector.map((x) => x + noise * gauss()))
}
function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector)
  return vector.map((x) => x / length)
}

const question = (n: number) => `How do I set option ${n} of module ${n % 97} to its default?`
const tenantOf = (n: number) => (n % 10 === 9 ? `tenant_${Math.floor(n / 10) % SMALL}` : BIG)
const confResult = compileValidator(semanticCache.conf)({})
if (!confResult.ok) throw new Error('the defaults are no conf')
const conf = confResult.value as CacheConf

function requestOf(consumer: string, text: string) {
  const json = {
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'You are a helpful assistant of the documentation team.' },
      { role: 'user', content: text },
    ],
  }
  const request = PatchedRequest.of({
    ...{ id: 'bench', receivedAt: Date.now(), routeId: 'llm' },
    call: {
      ...{ kind: 'http-req-call', id: 1, srcIp: Buffer.from([10, 0, 0, 1]), method: 'POST', args: [] },
      ...{ path: '/v1/chat/completions', confToken: 1 },
      headers: [{ name: 'x-consumer-username', value: consumer }],
    },
  }).loaded({ variables: new Map(), body: Buffer.alloc(0), json })
  return { request, json }
}

const server = await startRedis({})
const redis = new Redis(server.url)
const log = collectingLog([])
const inner = new RedisCacheStore(redis, {
  ...{ keys: { prefix: '', cluster: false }, identity: 'bench-384', dimensions: DIMENSIONS },
  ...{ limits: { maxEntries: 10_000_000, maxBytes: 2 ** 40 }, storePrompts: false, searchTimeoutMs: 500 },
  ...{ now: Date.now, log },
})
await inner.prepare()
const store = new GuardedCacheStore(inner, { readMs: 1000, writeMs: 60_000 })
const embedder = {
  identity: 'bench',
  dimensions: DIMENSIONS,
  vector: new Float32Array() as Float32Array,
  embed: async () => [embedder.vector],
}
const parts = {
  store,
  local: undefined,
  embedder,
  secondOpinion: undefined,
  report: reportCache(createMetrics()),
}

function keyed(consumer: string, text: string) {
  const { request, json } = requestOf(consumer, text)
  return cacheKeyOf(request, 'chat-completions', json, conf)
}

async function fill(from: number, to: number): Promise<void> {
  let next = from
  const work = async () => {
    for (let n = next++; n < to; n = next++) {
      const entry = {
        ...{ ...keyed(tenantOf(n), question(n)), model: 'gpt-4o', promptTokens: 40, completionTokens: 200 },
        choices: [{ index: 0, content: `${n} ${ANSWER}`, finishReason: 'stop' }],
        ...{ storedMs: Date.now(), expiresMs: Date.now() + 86_400_000 },
      }
      await store.put(entry, vectorOf(n))
    }
  }
  await Promise.all(Array.from({ length: 32 }, work))
}

async function exact(consumer: string, text: string): Promise<LookupResult> {
  return lookupExact(keyed(consumer, text), { notBeforeMs: 0 }, parts)
}
/** As a request does it: first the exact layer, which has nothing. */
async function similar(consumer: string, text: string, vector: Float32Array): Promise<LookupResult> {
  const key = keyed(consumer, text)
  const found = await lookupExact(key, { notBeforeMs: 0 }, parts)
  if ('hit' in found) return found
  embedder.vector = vector
  const wanted = { notBeforeMs: 0, threshold: 0.95 }
  return lookupSimilar(key, wanted, { ...conf, lookup_deadline_ms: 1000 }, parts)
}

interface Timing {
  readonly p50: number
  readonly p99: number
  /** Share of calls that ended as they should. */
  readonly right: number
}

async function time(prepare: () => () => Promise<boolean>): Promise<Timing> {
  const times: number[] = []
  let right = 0
  for (let i = 0; i < calls + 200; i++) {
    const call = prepare()
    const startedAt = performance.now()
    const isRight = await call()
    if (i < 200) continue
    times.push(performance.now() - startedAt)
    if (isRight) right++
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(share * times.length)] ?? 0
  return { p50: at(0.5), p99: at(0.99), right: right / calls }
}

const isHit = (layer: string) => (result: LookupResult) => 'hit' in result && result.hit.layer === layer
const isMiss = (result: LookupResult) => 'miss' in result
let asked = 0
const pick = (size: number, consumer: string) => {
  for (;;) {
    state = (Math.imul(++asked, 2_246_822_519) ^ 0x27d4eb2f) >>> 0
    const n = Math.floor(random() * size)
    if (tenantOf(n) === consumer) return n
  }
}
/** Same words for the verifier, another text for the exact layer. */
const respelt = (n: number) => question(n).toLowerCase().replace('?', ' ?')

const used = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
const emptyBytes = await used()
let filled = 0
console.log(
  `Redis Stack on this machine, ${calls} calls each, milliseconds (p50 / p99), ratio to a bare GET (p50)\n`,
)
for (const size of sizes) {
  const startedAt = performance.now()
  await fill(filled, size)
  const seconds = (performance.now() - startedAt) / 1000
  const rate = Math.round((size - filled) / seconds)
  filled = size
  if (values.wait) {
    console.log(`${size} entries are stored; Enter measures`)
    await once(process.stdin, 'data')
  }
  const perEntry = Math.round(((await used()) - emptyBytes) / size)
  await redis.set('bare', Buffer.alloc(600, 'x'))
  const bare = await time(() => async () => (await redis.getBuffer('bare')) !== null)
  const rows: [string, Timing][] = [['bare GET', bare]]
  const measured = async (name: string, prepare: () => () => Promise<boolean>) => {
    rows.push([name, await time(prepare)])
  }
  await measured('exact hit', () => {
    const text = question(pick(size, BIG))
    return async () => isHit('exact')(await exact(BIG, text))
  })
  await measured('exact miss', () => {
    const text = `${question(pick(size, BIG))} Never asked.`
    return async () => isMiss(await exact(BIG, text))
  })
  for (const consumer of [BIG, 'tenant_1']) {
    const where = consumer === BIG ? '90% of entries in its context' : '1% of entries in its context'
    await measured(`semantic hit, ${where}`, () => {
      const n = pick(size, consumer)
      const vector = unit(vectorOf(n).map((x, i) => x + (i % 2 === 0 ? 0.004 : -0.004)))
      const text = respelt(n)
      return async () => isHit('semantic')(await similar(consumer, text, vector))
    })
    await measured(`semantic miss, ${where}`, () => {
      const n = pick(size, consumer)
      const vector = vectorOf(n + 50_000_000)
      return async () => isMiss(await similar(consumer, `${question(n)} Something else.`, vector))
    })
  }
  console.log(
    `${size} entries: ${perEntry} bytes of Redis memory an entry (index, books and metadata included), ${rate} stored a second`,
  )
  for (const [name, { p50, p99, right }] of rows) {
    const ratio = (p50 / bare.p50).toFixed(1)
    const asWanted = right === 1 ? '' : `  ${(100 * right).toFixed(1)}% as wanted`
    console.log(`  ${name.padEnd(52)} ${p50.toFixed(3)} / ${p99.toFixed(3)}  x${ratio}${asWanted}`)
  }
  console.log('')
}
await inner.close()
redis.disconnect()
await server.stop()
process.stdin.destroy()
