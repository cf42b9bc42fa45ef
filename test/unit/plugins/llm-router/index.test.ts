import assert from 'node:assert/strict'
import { test } from 'node:test'
import llmRouter from '../../../../plugins/llm-router/index.ts'
import { type RouteNote, routeNote } from '../../../../plugins/llm-router/note.ts'
import type { Services } from '../../../../runner/plugin.ts'
import { ChainFactory } from '../../../../runner/rpc/prepare-chain.ts'
import { createMetrics } from '../../../../runner/services/metrics.ts'
import { SharedObjects } from '../../../../runner/services/share.ts'
import { routerSettings, silent } from './state/settings.ts'
import { chat, env, observationOf, policies, ref, requestOf, statuses } from './support.ts'

async function open() {
  const errors: string[] = []
  const metrics = createMetrics()
  const services = {
    log: { ...silent, error: (...line: unknown[]) => void errors.push(String(line[1])) },
    clock: { now: Date.now },
    metrics,
    redis: undefined,
    dataDir: undefined,
    env,
    share: new SharedObjects().share,
  } as Partial<Services> as Services
  const shared = await llmRouter.open(routerSettings({ refresh_ms: 60_000 }), services)
  const factory = new ChainFactory(new Map([['llm-router', { definition: llmRouter, shared }]]), 1000)
  const prepare = (conf: object) =>
    factory.prepare({ key: 'route#1#x#1', conf: [{ name: 'llm-router', value: JSON.stringify(conf) }] })
  return { shared, prepare, errors, metrics }
}

test('a missing key is an error in the log and a metric, and refuses the route when nothing else is there', async (t) => {
  const { shared, prepare, errors, metrics } = await open()
  t.after(() => llmRouter.close?.(shared))
  const openai = { type: 'openai', upstream: 'openai', api_key: ref('NOT_SET') }
  assert.equal(prepare({ ...policies, providers: { ...policies.providers, openai } }).refusal, undefined)
  assert.deepEqual(errors, [
    'provider openai is left out of every rule: the environment variable NOT_SET is not set',
  ])
  const page = await metrics.registry.metrics()
  assert.match(page, /^llm_router_provider_keys_missing\{provider="openai"\} 1$/m)
  assert.match(page, /^llm_router_provider_keys_missing\{provider="ollama"\} 0$/m)
  const { refusal } = prepare({ providers: { openai }, rules: [{ targets: [{ provider: 'openai' }] }] })
  assert.match(String(refusal?.cause), /environment variable NOT_SET is not set/)
})

test('only the failover route continues an earlier request', async (t) => {
  const { shared, prepare } = await open()
  t.after(() => llmRouter.close?.(shared))
  assert.equal(prepare(policies).continuesRequest, false)
  assert.equal(prepare({ ...policies, fallback: true }).continuesRequest, true)
})

test('learns from usage events and acts on it in the next decision', async (t) => {
  const { shared, prepare } = await open()
  t.after(() => llmRouter.close?.(shared))
  const [step] = prepare(policies).steps
  assert.ok(step)
  const json = chat('gpt-4')
  const call = { signal: new AbortController().signal }
  const decide = async () => {
    const request = requestOf({ consumer: 'business_unit_A', json })
    const decision = await step.decide(request, call)
    assert.ok(decision.kind === 'rewrite' && decision.note)
    const note = decision.note as RouteNote
    step.finish(request.noted(routeNote.plugin, note), { kind: 'forwarded' })
    return note
  }
  const first = await decide()
  assert.equal(first.attempts[0]?.provider, 'openai')
  assert.equal(shared.mirror.inFlight('openai'), 1)
  for (let i = 0; i < 5; i++) {
    await llmRouter.observe?.(observationOf({ attempts: statuses(503), status: 503 }, first), shared)
  }
  await shared.mirror.refresh()
  assert.equal(shared.mirror.inFlight('openai'), 0)
  const second = await decide()
  assert.equal(second.attempts[0]?.provider, 'dashscope')
  assert.equal(second.fallback_reason, 'primary_unavailable')
})
