import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics, Together } from './index.ts'

/** One registry per process; asking for a family again gives the same one. */
export function createMetrics(registry: Registry = new Registry()): Metrics {
  const known = <T>(name: string): T | undefined => registry.getSingleMetric(name) as T | undefined
  return {
    registry,
    counter<L extends string>(name: string, help: string, labels: readonly L[] = []) {
      return known<Counter<L>>(name) ?? new Counter({ name, help, labelNames: labels, registers: [registry] })
    },
    gauge<L extends string>(
      name: string,
      help: string,
      labels: readonly L[] = [],
      together: Together = 'sum',
    ) {
      return (
        known<Gauge<L>>(name) ??
        new Gauge({ name, help, labelNames: labels, aggregator: together, registers: [registry] })
      )
    },
    observedGauge(name: string, help: string, read: () => number, together: Together = 'sum') {
      registry.removeSingleMetric(name)
      const collect = function (this: Gauge) {
        this.set(read())
      }
      new Gauge({ name, help, collect, aggregator: together, registers: [registry] })
    },
    histogram<L extends string>(
      name: string,
      help: string,
      buckets: readonly number[],
      labels: readonly L[] = [],
    ) {
      return (
        known<Histogram<L>>(name) ??
        new Histogram({ name, help, buckets: [...buckets], labelNames: labels, registers: [registry] })
      )
    },
  }
}

export function collectProcessMetrics(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry })
}

/** Seconds; from what a decision costs to what a slow embedder costs. */
export const DECISION_BUCKETS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10,
] as const
