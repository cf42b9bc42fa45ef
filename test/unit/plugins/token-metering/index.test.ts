import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { routeNote } from '../../../../plugins/llm-router/note.ts'
import metering from '../../../../plugins/token-metering/index.ts'
import type { MeteringNote } from '../../../../plugins/token-metering/note.ts'
import { countTokens } from '../../../../plugins/token-metering/tokens/tokenizer.ts'
import type { Decision, JsonObject, RequestView, Rewrite, Stop } from '../../../../runner/plugin.ts'
import { PatchedRequest } from '../../../../runner/rpc/request-view.ts'
import { createMetrics } from '../../../../runner/services/metrics.ts'
import { compileValidator } from '../../../../runner/validate.ts'
import { collectingLog, type LogLine, testServices } from '../../../support/rig.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const NOBODY_WAITS = {
  get signal(): AbortSignal {
    throw new Error('a decision that is there at once needs no signal')
  },
}

function valid(schema: unknown, value: JsonObject): never {
  const result = compileValidator(schema as never)(value)
  if (!result.ok) throw new Error(result.problems.join('; '))
  return result.value as never
}

interface Asked {
  readonly id?: string
  readonly consumer?: string
  readonly path?: string
  readonly json?: JsonObject
  readonly route?: object
}

async function openMetering(t: TestContext, conf: JsonObject, settings: JsonObject = {}) {
  const metrics = createMetrics()
  const clock = { ms: NOON, now: () => clock.ms }
  const shared = await metering.open(valid(metering.settings, settings), testServices({ metrics, clock }))
  t.after(() => metering.close?.(shared))
  const state = metering.prepare(valid(metering.conf, conf), shared)
  const requestOf = ({ id, consumer, path, json, route }: Asked): PatchedRequest => {
    const request = PatchedRequest.of({
      ...{ id: id ?? randomUUID(), receivedAt: NOON, routeId: 'llm' },
      call: {
        ...{ kind: 'http-req-call', id: 1, confToken: 1, srcIp: Buffer.alloc(4), method: 'POST', args: [] },
        path: path ?? '/v1/chat/completions',
        headers: consumer === undefined ? [] : [{ name: 'x-consumer-username', value: consumer }],
      },
    }).loaded({ variables: new Map(), body: Buffer.alloc(0), json: json ?? chat('hi') })
    return route ? request.noted(routeNote.plugin, route) : request
  }
  const decide = (asked: Asked): Decision => {
    const decision = metering.decide(requestOf(asked) as RequestView<never>, state, NOBODY_WAITS)
    assert.ok(!(decision instanceof Promise), 'decided at once')
    return decision
  }
  return { shared, state, clock, metrics, requestOf, decide }
}

function chat(content: string, more: JsonObject = {}): JsonObject {
  return { model: 'gpt-4o', messages: [{ role: 'user', content }], ...more }
}

function noteOf(decision: Decision): MeteringNote {
  return decision.note as MeteringNote
}

function refused(decision: Decision): { code: string; retryAfter: number } {
  assert.equal(decision.kind, 'stop')
  const { status, body, headers } = decision as Stop
  assert.equal(status, 429)
  return { code: JSON.parse(body).error.code, retryAfter: Number(headers?.['retry-after']) }
}

test('reserves the counted prompt and the output that the client allows, and says so', async (t) => {
  const { decide } = await openMetering(t, { tiers: { basic: { tokens_per_day: 10_000 } } })
  const text = 'How many tokens has this sentence?'
  const decision = decide({ consumer: 'a', json: chat(text, { max_tokens: 50 }) })
  assert.equal(decision.kind, 'rewrite')
  const prompt = countTokens(text, 'o200k_base') + 4 + 3
  assert.deepEqual(noteOf(decision), {
    tier: 'basic',
    prompt_tokens: prompt,
    prompt_exact: true,
    reserved_tokens: prompt + 50,
  })
  const { patch } = decision as Rewrite
  assert.equal(patch.json, undefined)
  assert.deepEqual(patch.respHeaders, {
    'x-ratelimit-limit-tokens': '10000',
    'x-ratelimit-remaining-tokens': String(10_000 - prompt - 50),
    'x-ratelimit-reset-tokens': '12h0m0s',
  })
})

test('reserves the default where the client sets no limit, and never more than the cap', async (t) => {
  const conf = { completion_reserve: 100, max_completion_reserve: 150, tiers: { basic: {} } }
  const { decide } = await openMetering(t, conf)
  const reserved = (json: JsonObject, path?: string) => {
    const note = noteOf(decide({ json, ...(path ? { path } : {}) }))
    return note.reserved_tokens - note.prompt_tokens
  }
  assert.equal(reserved(chat('hi')), 100)
  assert.equal(reserved(chat('hi', { max_completion_tokens: 20 })), 20)
  assert.equal(reserved(chat('hi', { max_tokens: 100_000 })), 150)
  assert.equal(reserved({ model: 'gpt-4o', input: 'hi', max_output_tokens: 30 }, '/v1/responses'), 30)
  assert.equal(reserved({ model: 'text-embedding-3-small', input: 'hi' }, '/v1/embeddings'), 0)
})

test('reserves for every answer that the client asks for', async (t) => {
  const conf = { completion_reserve: 100, max_completion_reserve: 250, tiers: { basic: {} } }
  const { decide } = await openMetering(t, conf)
  const reserved = (json: JsonObject) => {
    const note = noteOf(decide({ json }))
    return note.reserved_tokens - note.prompt_tokens
  }
  assert.equal(reserved(chat('hi', { n: 4, max_tokens: 20 })), 80)
  assert.equal(reserved(chat('hi', { n: 2 })), 200)
  assert.equal(reserved(chat('hi', { n: 3 })), 250)
})

test('refuses past the daily quota until the day ends, and notes which limit it was', async (t) => {
  const conf = { completion_reserve: 40, tiers: { basic: { tokens_per_day: 100 } } }
  const { decide, clock, metrics } = await openMetering(t, conf)
  assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
  assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
  const stop = decide({ consumer: 'a' })
  assert.deepEqual(refused(stop), { code: 'insufficient_quota', retryAfter: 12 * 3600 })
  assert.equal(noteOf(stop).exceeded, 'tokens_per_day')
  assert.equal(decide({ consumer: 'b' }).kind, 'rewrite')
  clock.ms += 13 * 3_600_000
  assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
  const page = await metrics.registry.getSingleMetricAsString('llm_quota_decisions_total')
  assert.match(page, /tier="basic",result="allowed"\} 4\n/)
  assert.match(page, /tier="basic",result="tokens_per_day"\} 1$/)
})

test('asks for no more than 60 s of patience in a minute window', async (t) => {
  const { decide, clock } = await openMetering(t, { tiers: { basic: { requests_per_minute: 1 } } })
  for (const ms of [0, 1, 500, 999]) {
    clock.ms = NOON + 300_000 * (ms + 1) + ms
    assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
    const { code, retryAfter } = refused(decide({ consumer: 'a' }))
    assert.equal(code, 'rate_limit_exceeded')
    assert.equal(retryAfter, 60)
    clock.ms += 59_999
    assert.equal(refused(decide({ consumer: 'a' })).retryAfter, 1)
    clock.ms += 1
    assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
  }
})

test('gives back what a request held that was stopped after all, and keeps it when it was forwarded', async (t) => {
  const { decide, requestOf, state } = await openMetering(t, { tiers: { basic: { concurrent_requests: 1 } } })
  const id = randomUUID()
  const finish = (kind: 'forwarded' | 'stopped') => {
    const outcome = kind === 'stopped' ? { kind, by: 'x', outcome: 'served' as const } : { kind }
    metering.finish?.(requestOf({ id, consumer: 'a' }) as RequestView<never>, state, outcome)
  }
  assert.equal(decide({ id, consumer: 'a' }).kind, 'rewrite')
  finish('forwarded')
  refused(decide({ consumer: 'a' }))
  finish('stopped')
  assert.equal(decide({ consumer: 'a' }).kind, 'rewrite')
})

test('a consumer’s own limits win over the tier’s, and the router’s tier over the conf’s', async (t) => {
  const { decide } = await openMetering(t, {
    tiers: { basic: { concurrent_requests: 0 }, premium: {} },
    consumers: { b: 'premium' },
    consumer_limits: { c: { concurrent_requests: 5 } },
  })
  refused(decide({ consumer: 'a' }))
  refused(decide({}))
  assert.equal(decide({ consumer: 'b' }).kind, 'rewrite')
  assert.equal(decide({ consumer: 'c' }).kind, 'rewrite')
  const route = { requested_model: 'gpt-4o', attempts: [], tier: 'premium', fallback_reason: null }
  assert.equal(noteOf(decide({ consumer: 'a', route })).tier, 'premium')
})

test('asks for usage in streams, unless the client did, the provider refuses it or the conf says never', async (t) => {
  const asksFor = async (include_usage: string, json: JsonObject, route?: object) => {
    const { decide } = await openMetering(t, { include_usage })
    const { patch } = decide({ json, ...(route ? { route } : {}) }) as Rewrite
    return (patch.json?.stream_options as JsonObject | undefined)?.include_usage
  }
  const refuses = { attempts: [], tier: 'basic', refuses_stream_options: true }
  const stream = chat('hi', { stream: true })
  assert.equal(await asksFor('auto', stream), true)
  assert.equal(await asksFor('auto', stream, refuses), undefined)
  assert.equal(await asksFor('always', stream, refuses), true)
  assert.equal(await asksFor('never', stream), undefined)
  assert.equal(await asksFor('auto', chat('hi')), undefined)
  assert.equal(await asksFor('auto', { ...stream, stream_options: { include_usage: true } }), undefined)
})

test('lets no provider compress an answer whose usage has to be read from the log', async (t) => {
  const { decide, requestOf, state } = await openMetering(t, {})
  assert.equal('headers' in (decide({}) as Rewrite).patch, false)
  const asked = requestOf({}).patched({ headers: { 'Accept-Encoding': 'gzip' } })
  const decision = metering.decide(asked as RequestView<never>, state, NOBODY_WAITS)
  assert.deepEqual((decision as Rewrite).patch.headers, { 'accept-encoding': null })
})

test('expects the cost by the model that the router chose', async (t) => {
  const prices = [
    ['dear', '1000000'],
    ['cheap', '1'],
  ].map(([model = '', per]) => ({
    ...{ models: [model], currency: 'USD', valid_from: '2020-01-01', source: 'test' },
    per_million: { input: per, output: per },
  }))
  const conf = { completion_reserve: 0, tiers: { basic: { usd_per_day: '5' } } }
  const { decide } = await openMetering(t, conf, { price_overrides: prices })
  const route = (model: string) => ({ attempts: [{ provider: 'x', model }], tier: 'basic' })
  // 8 tokens of a dollar each.
  refused(decide({ consumer: 'a', route: route('dear') }))
  assert.equal(decide({ consumer: 'a', route: route('cheap') }).kind, 'rewrite')
})

test('tells operators what a consumer used, and that a day is written otherwise', async (t) => {
  const { shared } = await openMetering(t, {})
  const usageOf = (day: string) =>
    metering.admin?.(
      { method: 'GET', path: ['usage', 'a'], query: new URLSearchParams({ day }), json: undefined },
      shared,
    )
  assert.deepEqual(await usageOf('2026-11-22'), {
    status: 200,
    json: {
      ...{ consumer: 'a', day: '2026-11-22', requests: 0, prompt_t: 0, completion_t: 0 },
      ...{ total_t: 0, cost_usd: '0' },
    },
  })
  assert.equal((await usageOf('22.11.2026'))?.status, 400)
})

test('has nothing to say of requests that use no tokens', async (t) => {
  const { decide } = await openMetering(t, { tiers: { basic: { concurrent_requests: 0 } } })
  assert.equal(decide({ path: '/v1/models' }).kind, 'pass')
  assert.equal(decide({ path: '/v1/files' }).kind, 'pass')
})

test('waits where the prompt is too big to be counted at once', async (t) => {
  const { shared, requestOf, state } = await openMetering(t, { tiers: { basic: {} } })
  assert.ok(shared)
  const request = requestOf({ json: chat('今天天气很好，我们去公园散步吧。'.repeat(3000)) })
  const call = { signal: new AbortController().signal }
  const decision = metering.decide(request as RequestView<never>, state, call)
  assert.ok(decision instanceof Promise)
  assert.equal(noteOf(await decision).prompt_exact, true)
})

test('warns of tiers that the conf forgot', async (t) => {
  const lines: LogLine[] = []
  const shared = await metering.open(valid(metering.settings, {}), {
    ...testServices({ metrics: createMetrics() }),
    log: collectingLog(lines),
  })
  t.after(() => metering.close?.(shared))
  const warnings = () => lines.flatMap(({ bindings: { tiers } }) => (tiers ? [tiers] : []))
  metering.prepare(valid(metering.conf, { tiers: { basic: { tokens_per_day: 1 } } }), shared)
  assert.deepEqual(warnings(), [])
  const conf = { tiers: { basic: { tokens_per_day: 1 } }, consumers: { a: 'premimum' } }
  metering.prepare(valid(metering.conf, conf), shared)
  assert.deepEqual(warnings(), [['premimum']])
})
