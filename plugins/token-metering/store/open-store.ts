import type { Outbox } from '../relay/outbox.ts'
import type { UsageStore } from './usage-store.ts'

/** A store of one process and what waits in it for others. */
export interface OpenStore {
  readonly store: UsageStore
  /** Outboxes for a sink, one of `sinks`, where this process has any: not in a worker. */
  outboxes(kind: 'events' | 'alerts', sink: string, sinks: readonly string[]): Promise<readonly Outbox[]>
  close(): Promise<void>
}
