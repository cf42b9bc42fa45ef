/**
 * CPU time of one request in the cache plugin, without runner and sockets: `tsx test/bench/cache-cpu.ts [--calls 20000]
 * [--bytes 2048]`. Bodies are all different, so every request is a miss; embedded store. CPU time, because it suffers
 * less than wall time from a busy machine, and what parsing and hashing the same body cost in the same run.
 */
import { hash } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { CacheConf } from '../../plugins/semantic-cache/conf.ts'
import semanticCache from '../../plugins/semantic-cache/index.ts'
import { cacheKeyOf } from '../../plugins/semantic-cache/key.ts'
import { type JsonObject, type RequestView, requestFeatures } from '../../runner/plugin.ts'
import { PatchedRequest } from '../../runner/rpc/request-view.ts'
import { createMetrics } from '../../runner/services/metrics.ts'
import { compileValidator } from '../../runner/validate.ts'
import { testServices } from '../support/rig.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    bytes: { type: 'string', default: '2048' },
  },
})
const calls = Number(values.calls)
const CALL = { signal: new AbortController().signal }

function valid(schema: unknown, value: JsonObject): never {
  const result = compileValidator(schema as never)(value)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as never
}

const WORDS =
  'the gateway keeps a list of models and sends each request to one of them when the first is away it asks the next'.split(
    ' ',
  )
function words(seed: number, bytes: number): string {
  let text = `Question ${seed}: `
  for (let i = seed; text.length < bytes; i = (i * 31 + 7) % 9973) text += `${WORDS[i % WORDS.length]} `
  return text
}

const texts = new WeakMap<PatchedRequest, string>()
/** As clients send them: a system prompt that repeats, two earlier turns, the question. */
function requestOf(n: number): PatchedRequest {
  const size = Number(values.bytes)
  const text = JSON.stringify({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: words(1, size * 0.4) },
      { role: 'user', content: words(n, size * 0.1) },
      { role: 'assistant', content: words(n + 1, size * 0.2) },
      { role: 'user', content: words(n + 2, size * 0.2) },
    ],
    temperature: 0.2,
    max_tokens: 512,
    stream: true,
  })
  const request = PatchedRequest.of({
    ...{ id: `bench-${n}`, receivedAt: Date.now(), routeId: 'llm' },
    call: {
      ...{ kind: 'http-req-call', id: 1, srcIp: Buffer.from([10, 0, 0, 1]), method: 'POST', args: [] },
      ...{ path: '/v1/chat/completions', confToken: 1 },
      headers: [
        { name: 'host', value: 'gateway' },
        { name: 'content-type', value: 'application/json' },
        { name: 'user-agent', value: 'bench' },
        { name: 'x-consumer-username', value: `tenant_${n % 50}` },
      ],
    },
  }).loaded({ variables: new Map(), body: Buffer.alloc(0), json: JSON.parse(text) as JsonObject })
  texts.set(request, text)
  return request
}

/** Few requests alive at a time, as in a runner: collecting thousands would be measured instead. */
const BATCH = 250

async function measure(name: string, run: (request: PatchedRequest) => unknown): Promise<void> {
  let micros = 0
  let measured = 0
  // A quarter more, unmeasured and first, so that the times are those of compiled code.
  for (let from = 0; from < calls * 1.25; from += BATCH) {
    const requests = Array.from({ length: BATCH }, (_, i) => requestOf(from + i))
    const before = process.cpuUsage()
    for (const request of requests) {
      const pending = run(request)
      if (pending instanceof Promise) await pending
    }
    const { user, system } = process.cpuUsage(before)
    if (from < calls * 0.25) continue
    micros += user + system
    measured += BATCH
  }
  console.log(`${name.padEnd(44)} ${(micros / measured).toFixed(1)} µs`)
}

const shared = await semanticCache.open(
  valid(semanticCache.settings, {}),
  testServices({ metrics: createMetrics() }),
)
const decide = (own: JsonObject) => {
  const state = semanticCache.prepare(valid(semanticCache.conf, own), shared)
  return (request: PatchedRequest) => semanticCache.decide(request as RequestView<never>, state, CALL)
}
const conf = valid(semanticCache.conf, {}) as CacheConf
const textOf = (request: PatchedRequest) => {
  const known = texts.get(request)
  if (known === undefined) throw new Error('a request without text')
  return known
}
await measure('JSON.parse of the body', (request) => JSON.parse(textOf(request)))
await measure('SHA-256 of the body', (request) => hash('sha256', textOf(request)))
await measure('key and context', (request) =>
  cacheKeyOf(request, 'chat-completions', request.json ?? {}, conf),
)
await measure('features', (request) => requestFeatures('chat-completions', request.json))
await measure('miss, exact layer only', decide({ semantic: false }))
await measure('miss, with the semantic layer (lexical)', decide({}))
await semanticCache.close?.(shared)
