/** Records that wait for a sink, in order. Each is JSON: a usage event or an alert. */
export interface Outbox {
  readonly name: string
  /** The oldest records that the sink has not got; undefined: none, or another process works on them. */
  take(max: number): Promise<OutboxBatch | undefined>
  /** What waits; for metrics. */
  backlog(): Promise<Backlog>
  close(): Promise<void>
}

export interface OutboxBatch {
  readonly records: readonly string[]
  /** The sink has them. Until then they will be taken again, also by another process. */
  done(): Promise<void>
}

export interface Backlog {
  readonly records: number
  /** Milliseconds since the epoch; undefined: nothing waits. */
  readonly oldestMs: number | undefined
}

export type SinkName = 'kafka' | 'clickhouse' | 'webhook'

export interface Sink {
  readonly name: SinkName
  /** Settles when all records are safe there. @throws when it is not known that they are. */
  send(records: readonly string[]): Promise<void>
}
