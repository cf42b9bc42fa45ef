import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disagreements, reportDecisions, reportState } from '../../../../plugins/llm-router/report.ts'
import { Hub } from '../../../../plugins/llm-router/state/hub.ts'
import { MemoryRouterState } from '../../../../plugins/llm-router/state/memory.ts'
import { createMetrics } from '../../../../runner/services/metrics.ts'
import { routerSettings, silent, TestClock } from './state/settings.ts'
import { chat, policies, routeOf, run } from './support.ts'

test('counts decisions by provider, tier and reason, spills and stops', async () => {
  const metrics = createMetrics()
  const report = reportDecisions(metrics, silent)
  const route = routeOf({ ...policies, spill: { provider: 'ollama', model: 'deepseek-r1:7b' } })
  const parts = { consumer: 'business_unit_A', json: chat('gpt-4') }
  report.decided((await run(route, parts)).decision)
  report.decided((await run(route, parts, { inFlight: { openai: 99 }, random: () => 0 })).decision)
  report.decided((await run(route, { json: chat('unknown') })).decision)
  const page = await metrics.registry.metrics()
  assert.match(page, /llm_router_decisions_total\{provider="openai",tier="premium",reason="first_choice"\} 1/)
  assert.match(page, /llm_router_decisions_total\{provider="ollama",tier="premium",reason="queue_full"\} 1/)
  assert.match(page, /llm_router_spills_total\{provider="ollama"\} 1/)
  assert.match(page, /llm_router_stops_total\{status="404"\} 1/)
  assert.doesNotMatch(page, /unknown/)
})

test('shows breakers, queues and whether the active checks disagree', async () => {
  const metrics = createMetrics()
  const settings = routerSettings()
  const clock = new TestClock()
  const memory = new MemoryRouterState(settings, clock)
  const hub = new Hub({ memory, shared: undefined, control: undefined, timeoutMs: 100, clock, log: silent })
  await hub.apply({
    signals: Array.from({ length: 5 }, () => ({ breaker: 'openai|gpt-4', kind: 'failure' })),
    inFlight: [{ provider: 'openai', id: '1', change: 'begin' }],
    declared: { openai: 'openai', dashscope: 'qwen' },
  })
  reportState(metrics, hub)(await hub.snapshot())
  const page = await metrics.registry.metrics()
  assert.match(page, /llm_router_breaker_state\{provider="openai",model="gpt-4"\} 2/)
  assert.match(page, /llm_router_in_flight\{provider="openai"\} 1/)
  assert.match(page, /llm_router_health_disagreement 1/)
  assert.match(page, /llm_router_state_local 0/)
})

test('counts a provider that only one of the two judges calls ill', () => {
  const upstreams = new Map([
    ['openai', 'openai'],
    ['dashscope', 'qwen'],
    ['ollama', 'ollama'],
  ])
  const snapshot = {
    breakers: {
      'openai|gpt-4': { cause: 'failures', forMs: 1 },
      'ollama|*': { cause: 'rate_limited', forMs: 1 },
    },
    ttftMs: {},
    inFlight: {},
    upstreamsDown: { openai: 'down', qwen: 'skipped' },
  } as const
  assert.equal(disagreements(snapshot, upstreams), 1)
})
