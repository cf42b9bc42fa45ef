import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ContextSize,
  SearchPlan,
} from '../../../../../../plugins/semantic-cache/store/redis/search-plan.ts'

function rig() {
  const state = { now: 0, counted: [] as string[], size: undefined as ContextSize | undefined }
  const plan = new SearchPlan({
    dimensions: 384,
    now: () => state.now,
    count: async (tag) => {
      state.counted.push(tag)
      if (!state.size) throw new Error('away')
      return state.size
    },
  })
  const slow = async (tag: string, ms = 5) => {
    plan.took(tag, ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { state, plan, slow }
}

test('leaves a context alone that is searched quickly', async () => {
  const { state, plan, slow } = rig()
  await slow('t', 0.4)
  assert.deepEqual(state.counted, [])
  assert.equal(plan.attributesOf('t'), '')
})

test('walks the graph for a large share of the entries, compares all of a small one', async () => {
  const { state, plan, slow } = rig()
  for (const [context, index, policy] of [
    [15_000, 30_000, 'BATCHES EF_RUNTIME 40'],
    [5000, 10_000, 'BATCHES EF_RUNTIME 40'],
    [300, 10_000, 'ADHOC_BF'],
    [1000, 100_000, 'ADHOC_BF'],
    [10_000, 100_000, 'BATCHES EF_RUNTIME 40'],
    [1000, 1_000_000, 'ADHOC_BF'],
  ] as const) {
    state.size = { context, index }
    await slow(`${context}`)
    assert.equal(plan.attributesOf(`${context}`), `HYBRID_POLICY ${policy}`, `${context} of ${index}`)
    state.now += 300_000
  }
})

test('counts one context at a time, again when the count is old or has failed', async () => {
  const { state, plan, slow } = rig()
  await slow('t')
  assert.equal(plan.attributesOf('t'), '')
  state.size = { context: 9000, index: 10_000 }
  plan.took('t', 5)
  plan.took('u', 5)
  await slow('t')
  assert.deepEqual(state.counted, ['t', 't'])
  await slow('t')
  assert.deepEqual(state.counted, ['t', 't'])
  state.now = 300_000
  state.size = { context: 10, index: 10_000 }
  await slow('t')
  assert.deepEqual(state.counted, ['t', 't', 't'])
  assert.equal(plan.attributesOf('t'), 'HYBRID_POLICY ADHOC_BF')
})
