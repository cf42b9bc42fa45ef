import type { Clock, Log } from '../../../runner/plugin.ts'
import type { FleetView, Standing, UpstreamHealth } from './fleet.ts'
import type { InFlightChange, RouterState, Signal, Snapshot } from './port.ts'

const EMPTY: Snapshot = { breakers: {}, ttftMs: {}, inFlight: {}, upstreamsDown: {} }
const CLOSED: Standing = { state: 'closed' }
/** What is gathered while the state does not take it; in flight it heals by itself, signals come again. */
const MAX_WAITING = 10_000

export interface MirrorParts {
  readonly state: RouterState
  readonly clock: Clock
  readonly log: Log
  readonly refreshMs: number
  readonly flushMs: number
  /** After each refresh. */
  readonly onRefresh?: (snapshot: Snapshot) => void
}

/**
 * One process's picture of the state. Decisions read it without waiting; changes are gathered for a moment and written
 * together. Between two refreshes it adds what this process itself has begun.
 */
export class Mirror implements FleetView {
  readonly #parts: MirrorParts
  #snapshot = EMPTY
  #seenAt = 0
  #signals: Signal[] = []
  #inFlight: InFlightChange[] = []
  #declared: Record<string, string> = {}
  /** By provider, since the snapshot was asked for. */
  #own = new Map<string, number>()
  #flushTimer: NodeJS.Timeout | undefined
  #refreshTimer: NodeJS.Timeout | undefined
  #failing = false

  constructor(parts: MirrorParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    await this.refresh()
    this.#refreshTimer = setInterval(() => void this.refresh(), this.#parts.refreshMs)
    this.#refreshTimer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#refreshTimer)
    await this.flush()
  }

  standing(breaker: string): Standing {
    const open = this.#snapshot.breakers[breaker]
    if (!open) return CLOSED
    const forMs = open.forMs - (this.#parts.clock.now() - this.#seenAt)
    return forMs > 0 ? { state: 'open', cause: open.cause, forMs } : { state: 'half_open', cause: open.cause }
  }

  upstreamHealth(upstream: string): UpstreamHealth {
    return this.#snapshot.upstreamsDown[upstream] ?? 'up'
  }

  inFlight(provider: string): number {
    return Math.max(0, (this.#snapshot.inFlight[provider] ?? 0) + (this.#own.get(provider) ?? 0))
  }

  ttftMs(breaker: string): number | undefined {
    return this.#snapshot.ttftMs[breaker]
  }

  readonly acquireProbe = async (breaker: string): Promise<boolean> => {
    try {
      return await this.#parts.state.acquireProbe(breaker)
    } catch {
      return false
    }
  }

  /** Makes providers known whose requests in flight this process wants to see. */
  declare(provider: string, upstream: string): void {
    if (this.#declared[provider] === upstream) return
    this.#declared[provider] = upstream
    this.#flushSoon()
  }

  signal(signal: Signal): void {
    this.#signals.push(signal)
    this.#flushSoon()
  }

  change(change: InFlightChange): void {
    this.#inFlight.push(change)
    const by = change.change === 'begin' ? 1 : -1
    this.#own.set(change.provider, (this.#own.get(change.provider) ?? 0) + by)
    this.#flushSoon()
  }

  /** Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    const changes = { signals: this.#signals, inFlight: this.#inFlight, declared: this.#declared }
    this.#signals = []
    this.#inFlight = []
    await this.#attempt(() => this.#parts.state.apply(changes))
  }

  /** Never rejects: an old picture is better than none, and its open breakers run out by themselves. */
  async refresh(): Promise<void> {
    const flushed = this.flush()
    const before = this.#own
    this.#own = new Map()
    await flushed
    const snapshot = await this.#attempt(() => this.#parts.state.snapshot())
    if (!snapshot) {
      for (const [provider, count] of before) this.#own.set(provider, (this.#own.get(provider) ?? 0) + count)
      return
    }
    this.#snapshot = snapshot
    this.#seenAt = this.#parts.clock.now()
    this.#parts.onRefresh?.(snapshot)
  }

  #flushSoon(): void {
    if (this.#signals.length + this.#inFlight.length > MAX_WAITING) {
      this.#signals = []
      this.#inFlight = []
    }
    if (this.#flushTimer) return
    this.#flushTimer = setTimeout(() => void this.flush(), this.#parts.flushMs)
    this.#flushTimer.unref()
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      this.#failing = false
      return result
    } catch (err) {
      if (!this.#failing) this.#parts.log.warn({ err }, 'the router state does not answer')
      this.#failing = true
      return undefined
    }
  }
}
