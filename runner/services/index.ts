import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Journal } from './journal.ts'
import type { Kafka } from './kafka.ts'

/** Structured logging. Never a prompt, an answer or a key. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/** Milliseconds since the epoch; tests move it. */
export interface Clock {
  now(): number
}

/** What the page says of a gauge that several worker processes have; the default adds up. */
export type Together = 'sum' | 'min' | 'max'

/** Metric families of one plugin or stage. Labels come from closed sets: never a consumer-made string or a raw model. */
export interface Metrics {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labels?: readonly L[], together?: Together): Gauge<L>
  /** A gauge that is read when the page is. */
  observedGauge(name: string, help: string, read: () => number, together?: Together): void
  histogram<L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly L[],
  ): Histogram<L>
  readonly registry: Registry
}

/**
 * Any object whose arguments and results can be cloned between processes. In its own process a method may answer at
 * once; its type must allow for a promise, which is what the others get.
 */
export type Shareable<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? Promise<Awaited<R>> extends R
      ? (...args: A) => R
      : never
    : never
}

/** What a plugin's `open` gets. */
export interface Services {
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  /** undefined: no Redis is configured, stores are embedded. */
  readonly redis: Redis | undefined
  /** How keys in Redis are named. */
  readonly redisKeys: { readonly prefix: string; readonly cluster: boolean }
  /** undefined: no Kafka is configured. */
  readonly kafka: Kafka | undefined
  /**
   * What this process does: `requests` a worker, `usage` the supervisor, `all` a single process. Whatever must run
   * once per runner (relays, timers over shared state) runs where the role is not `requests`.
   */
  readonly role: 'all' | 'requests' | 'usage'
  /** For files that must outlive the process; undefined: nothing is kept on disk. */
  readonly dataDir: string | undefined
  /**
   * A journal in `dataDir` that survives a crash; see services/journal.ts. `replay` gets what it holds, oldest first.
   * undefined: no `dataDir`.
   */
  openJournal(
    name: string,
    maxBytes: number,
    replay: (record: string) => void,
    segmentBytes?: number,
  ): Promise<Journal | undefined>
  /** Secrets and endpoints come from here, never from `process.env` directly. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * One object for all worker processes: made where the usage flow lives, called from the others over IPC. `name` is
   * unique per process tree.
   */
  share<T extends Shareable<T>>(name: string, create: () => T | Promise<T>): Promise<T>
}
