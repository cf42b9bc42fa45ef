import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AggregatorRegistry } from 'prom-client'
import { createMetrics } from '../../../runner/services/metrics.ts'

/** The page of a supervisor whose workers have these registries. */
async function pageOf(workers: readonly ReturnType<typeof createMetrics>[]): Promise<string> {
  const parts = await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON()))
  return AggregatorRegistry.aggregate(parts as object[]).metrics()
}

test('a gauge of several workers is added up, or what the family says', async () => {
  const workers = [createMetrics(), createMetrics()]
  for (const [index, metrics] of workers.entries()) {
    metrics.gauge('added', 'Each has a part.').set(index + 1)
    metrics.gauge('up', 'All of them must be.', [], 'min').set(index)
    metrics.observedGauge('known', 'All of them know the same.', () => 7, 'max')
  }
  const page = await pageOf(workers)
  for (const line of [/^added 3$/m, /^up 0$/m, /^known 7$/m]) assert.match(page, line)
})

test('asking for a family again gives the same one', () => {
  const metrics = createMetrics()
  const counter = metrics.counter('seen', 'Seen.', ['kind'])
  assert.equal(metrics.counter('seen', 'Seen.', ['kind']), counter)
})
