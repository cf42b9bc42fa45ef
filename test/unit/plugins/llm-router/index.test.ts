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
  const services = {
    log: silent,
    clock: { now: Date.now },
    metrics: createMetrics(),
    redis: undefined,
    dataDir: undefined,
    env,
    share: new SharedObjects().share,
  } as Partial<Services> as Services
  const shared = await llmRouter.open(routerSettings({ refresh_ms: 60_000 }), services)
  const factory = new ChainFactory(new Map([['llm-router', { definition: llmRouter, shared }]]), 1000)
  const prepare = (conf: object) =>
    factory.prepare({ key: 'route#1#x#1', conf: [{ name: 'llm-router', value: JSON.stringify(conf) }] })
  return { shared, prepare }
}

test('a conf that names a missing variable refuses the route', async (t) => {
  const { shared, prepare } = await open()
  t.after(() => llmRouter.close?.(shared))
  assert.equal(prepare(policies).refusal, undefined)
  const openai = { type: 'openai', upstream: 'openai', api_key: ref('NOT_SET') }
  const { refusal } = prepare({ ...policies, providers: { ...policies.providers, openai } })
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
