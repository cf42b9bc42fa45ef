import { type Log, RunnerError, type UsageEvent } from '../../../runner/plugin.ts'
import { CommittedIds } from './committed-ids.ts'
import { DeadlineError, Health, withDeadline } from './health.ts'
import { RecentIds } from './recent-ids.ts'
import type { Committed, ConsumerTotals, RedisUsageStore } from './redis-usage-store.ts'
import type { Spool } from './spool.ts'
import type {
  CommitEntry,
  CommitOutcome,
  Reservation,
  ReserveResult,
  UsageStore,
  UsageTotals,
} from './usage-store.ts'

export interface LocalCounters extends UsageStore {
  /** What the shared counters said last. */
  learn(entry: CommitEntry, totals: ConsumerTotals): Promise<void>
}

export interface ResilientParts {
  readonly shared: RedisUsageStore
  readonly probe: () => Promise<unknown>
  /** Approximate quotas of this runner alone, for when the shared ones cannot be asked. */
  readonly local: LocalCounters
  /** undefined: nothing on disk; or a process that commits nothing. */
  readonly spool: Spool | undefined
  readonly toEntry: (event: UsageEvent) => CommitEntry
  readonly log: Log
  readonly report: ResilientReport
}

export interface ResilientReport {
  up(isUp: boolean): void
  fallback(operation: 'reserve' | 'release' | 'commit', reason: 'late' | 'away'): void
  spooled(events: number): void
  replayed(events: number, duplicates: number): void
}

export interface ResilientOptions {
  /** Milliseconds that a request waits for the shared counters. */
  readonly deadlineMs: number
  readonly commitDeadlineMs: number
  /** When they do not answer: count here, or refuse the request. */
  readonly away: 'local' | 'refuse'
  readonly probeEveryMs: number
  readonly replayEveryMs: number
}

const REMEMBERED_IDS = 1_000_000
const REPLAY_BATCH = 500
const MAX_HELD_LOCALLY = 100_000

/**
 * The shared store with a way to go on without it: requests fall back to counters of this runner or are refused,
 * committed events go to a spool on disk and into the shared store, in order, once it is back. It knows their ids, so
 * an event whose commit had an unknown end is counted once.
 */
export class ResilientUsageStore implements UsageStore {
  readonly #parts: ResilientParts
  readonly #options: ResilientOptions
  readonly #health: Health
  readonly #ids = new CommittedIds(REMEMBERED_IDS)
  /** Bounded: where another process commits, nothing here takes the ids out. */
  readonly #heldLocally = new RecentIds(MAX_HELD_LOCALLY)
  #replaying: Promise<void> | undefined
  #replayTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(parts: ResilientParts, options: ResilientOptions) {
    this.#parts = parts
    this.#options = options
    this.#health = new Health({
      probe: () => withDeadline(parts.probe(), options.commitDeadlineMs),
      probeEveryMs: options.probeEveryMs,
      log: parts.log,
      onChange: (isUp) => {
        parts.report.up(isUp)
        if (isUp) this.#replaySoon(0)
      },
    })
    parts.report.up(true)
    if (parts.spool && parts.spool.waiting > 0) this.#replaySoon(0)
  }

  async reserve(request: Reservation): Promise<ReserveResult> {
    const result = await this.#ask('reserve', () => this.#parts.shared.reserve(request))
    if (result !== undefined) return result
    if (this.#options.away === 'refuse') {
      throw new RunnerError('STORE_UNAVAILABLE', 'quotas cannot be checked and may not be guessed')
    }
    const local = await this.#parts.local.reserve(request)
    if (local.allowed) this.#heldLocally.add(request.requestId)
    return local
  }

  async release(consumer: string, requestId: string): Promise<void> {
    if (this.#heldLocally.delete(requestId)) await this.#parts.local.release(consumer, requestId)
    // Also when the reservation was made here: a late answer may have reserved there too.
    await this.#ask('release', () => this.#parts.shared.release(consumer, requestId).then(() => true))
  }

  async commit(entries: readonly CommitEntry[]): Promise<readonly CommitOutcome[]> {
    const { spool, local } = this.#parts
    for (const { event } of entries) this.#heldLocally.delete(event.request_id)
    const results = await this.#commitShared(entries)
    const outcomes = results.map((result) => (result instanceof Error ? undefined : result.outcome))
    const left = [...entries.keys()].filter((i) => outcomes[i] === undefined)
    if (left.length > 0) {
      if (!spool) throw new RunnerError('STORE_UNAVAILABLE', 'usage cannot be counted and there is no spool')
      const spooled = left.map((i) => entries[i] as CommitEntry)
      const claimed = await this.#ids.claim(
        spooled.map(({ event }) => event.request_id),
        async (fresh) => {
          await spool.append(fresh.map((n) => (spooled[n] as CommitEntry).event))
          this.#parts.report.spooled(fresh.length)
          await local.commit(fresh.map((n) => spooled[n] as CommitEntry))
        },
      )
      for (const [n, i] of left.entries()) outcomes[i] = claimed[n]
      this.#replaySoon(this.#options.replayEveryMs)
    }
    return outcomes.map((outcome) => outcome ?? 'duplicate')
  }

  async usage(consumer: string, day: string): Promise<UsageTotals> {
    return this.#parts.shared.usage(consumer, day)
  }

  /** What is in the spool stays there for the next start. */
  async close(): Promise<void> {
    this.#closed = true
    this.#health.close()
    clearTimeout(this.#replayTimer)
    await this.#replaying
    await this.#parts.spool?.close()
  }

  /** undefined: no answer in time. */
  async #ask<T>(operation: 'reserve' | 'release', work: () => Promise<T>): Promise<T | undefined> {
    const { report } = this.#parts
    if (!this.#health.isUp) {
      report.fallback(operation, 'away')
      return undefined
    }
    try {
      const result = await withDeadline(work(), this.#options.deadlineMs)
      this.#health.succeeded()
      return result
    } catch (error) {
      report.fallback(operation, error instanceof DeadlineError ? 'late' : 'away')
      this.#health.failed(error)
      return undefined
    }
  }

  async #commitShared(entries: readonly CommitEntry[]): Promise<readonly (Committed | Error)[]> {
    const { shared, spool, local, report } = this.#parts
    // While older events wait in the spool, newer ones queue behind them.
    if (!this.#health.isUp || (spool && spool.waiting > 0)) {
      return entries.map(() => new RunnerError('STORE_UNAVAILABLE', 'usage store is away'))
    }
    let results: readonly (Committed | Error)[]
    try {
      results = await withDeadline(shared.commitEach(entries), this.#options.commitDeadlineMs)
    } catch (error) {
      results = entries.map(() => error as Error)
    }
    for (const [i, result] of results.entries()) {
      const entry = entries[i] as CommitEntry
      if (result instanceof Error) continue
      this.#ids.add(entry.event.request_id)
      if (result.totals) await local.learn(entry, result.totals)
    }
    const failure = results.find((result) => result instanceof Error)
    if (failure === undefined) this.#health.succeeded()
    else {
      report.fallback('commit', failure instanceof DeadlineError ? 'late' : 'away')
      if (!(failure instanceof RunnerError)) this.#health.failed(failure)
    }
    return results
  }

  #replaySoon(ms: number): void {
    if (this.#closed || this.#replaying || !this.#parts.spool) return
    clearTimeout(this.#replayTimer)
    this.#replayTimer = setTimeout(() => {
      this.#replaying ??= this.#replay().finally(() => {
        this.#replaying = undefined
        if ((this.#parts.spool?.waiting ?? 0) > 0) this.#replaySoon(this.#options.replayEveryMs)
      })
    }, ms)
    this.#replayTimer.unref()
  }

  async #replay(): Promise<void> {
    const { spool, shared, toEntry, report, log } = this.#parts
    try {
      while (spool && spool.waiting > 0 && this.#health.isUp && !this.#closed) {
        const { events, done } = await spool.take(REPLAY_BATCH)
        if (events.length === 0) return
        const work = shared.commitEach(events.map(toEntry))
        const results = await withDeadline(work, this.#options.commitDeadlineMs)
        const failure = results.find((result) => result instanceof Error)
        if (failure) {
          if (!(failure instanceof RunnerError)) this.#health.failed(failure)
          return
        }
        await done()
        const isDuplicate = (result: Committed | Error) =>
          !(result instanceof Error) && result.outcome === 'duplicate'
        report.replayed(events.length, results.filter(isDuplicate).length)
      }
    } catch (error) {
      if (error instanceof DeadlineError) this.#health.failed(error)
      else log.error({ err: error }, 'spooled usage was not replayed; it will be tried again')
    }
  }
}
