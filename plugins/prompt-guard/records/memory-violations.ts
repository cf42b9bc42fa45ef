import type { GuardEvent } from './guard-event.ts'
import type { ViolationPage, ViolationQuery, Violations } from './violations.ts'

/** The last violations, in memory: for a runner without Redis. */
export class MemoryViolations implements Violations {
  readonly #maxEvents: number
  readonly #ttlMs: number
  readonly #now: () => number
  /** By id, oldest first. */
  readonly #events = new Map<string, GuardEvent>()

  constructor(maxEvents: number, ttlMs: number, now: () => number) {
    this.#maxEvents = maxEvents
    this.#ttlMs = ttlMs
    this.#now = now
  }

  async add(events: readonly GuardEvent[]): Promise<void> {
    for (const event of events) {
      this.#events.delete(event.event_id)
      this.#events.set(event.event_id, event)
    }
    for (const [id, event] of this.#events) {
      if (this.#events.size <= this.#maxEvents && event.timestamp_ms > this.#now() - this.#ttlMs) break
      this.#events.delete(id)
    }
  }

  async search(query: ViolationQuery): Promise<ViolationPage> {
    const oldest = this.#now() - this.#ttlMs
    const events = [...this.#events.values()]
      .filter((event) => event.timestamp_ms > oldest && matches(event, query))
      .sort((a, b) => b.timestamp_ms - a.timestamp_ms)
    return { total: events.length, events: events.slice(query.offset, query.offset + query.limit) }
  }
}

function matches(event: GuardEvent, query: ViolationQuery): boolean {
  const same = (wanted: string | undefined, value: string | null) => wanted === undefined || wanted === value
  return (
    same(query.consumer, event.consumer) &&
    same(query.category, event.category) &&
    same(query.action, event.action) &&
    same(query.direction, event.direction) &&
    same(query.routeId, event.route_id) &&
    same(query.requestId, event.request_id) &&
    event.timestamp_ms >= (query.fromMs ?? 0) &&
    event.timestamp_ms <= (query.toMs ?? Number.POSITIVE_INFINITY) &&
    event.score >= (query.minScore ?? 0)
  )
}
