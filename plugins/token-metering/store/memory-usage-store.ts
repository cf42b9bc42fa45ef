import type { Calendar } from '../calendar.ts'
import { parseMoney } from '../cost/money.ts'
import type { Limits } from '../limits.ts'
import { CommittedIds } from './committed-ids.ts'
import { type Held, Holdings } from './holdings.ts'
import type { ConsumerTotals } from './redis-usage-store.ts'
import { SlidingWindow } from './sliding-window.ts'
import type {
  CommitEntry,
  CommitOutcome,
  Remaining,
  Reservation,
  ReserveResult,
  UsageStore,
  UsageTotals,
} from './usage-store.ts'

class ConsumerState {
  readonly held = new Holdings()
  readonly lastMinute = new SlidingWindow()
  readonly days = new Map<string, Totals>()
  readonly picoUsdByMonth = new Map<string, bigint>()
  /** Of the last request. */
  limits: Limits | undefined
}

interface Totals {
  requests: number
  promptTokens: number
  completionTokens: number
  totalTokens: number
  picoUsd: bigint
}

export interface MemoryUsageStoreOptions {
  readonly calendar: Pick<Calendar, 'msToNextDay' | 'msToNextMonth'>
  readonly now: () => number
  /** Makes entries durable before they are counted; returns when they are. */
  readonly journal?: (entries: readonly CommitEntry[]) => Promise<void>
  /** After an entry was counted; `limits` are those of the consumer's last request. */
  readonly onCounted?: (entry: CommitEntry, totals: ConsumerTotals, limits: Limits | undefined) => void
  readonly onClose?: () => Promise<void>
  readonly maxRememberedIds?: number
}

const KEPT_DAYS = 40
const DAY_MS = 86_400_000

/**
 * The embedded store: one process's memory. With a journal it survives a restart, because the journal is replayed
 * into `restore` before the first request.
 */
export class MemoryUsageStore implements UsageStore {
  readonly #options: MemoryUsageStoreOptions
  readonly #consumers = new Map<string, ConsumerState>()
  readonly #ids: CommittedIds

  constructor(options: MemoryUsageStoreOptions) {
    this.#options = options
    this.#ids = new CommittedIds(options.maxRememberedIds ?? 1_000_000)
  }

  reserve(request: Reservation): ReserveResult {
    const state = this.#state(request.consumer)
    state.limits = request.limits
    state.held.expire(request.nowMs)
    const own = state.held.get(request.requestId)
    if (own) this.#drop(state, request.requestId, own, request.nowMs)
    const exceeded = this.#exceeded(state, request)
    if (exceeded) {
      if (own) this.#hold(state, request.requestId, own, request.nowMs)
      return { allowed: false, ...exceeded, remaining: this.#remaining(state, request) }
    }
    const held = {
      tokens: request.tokens,
      picoUsd: request.picoUsd,
      reservedMs: request.nowMs,
      expiresMs: request.expiresMs,
    }
    this.#hold(state, request.requestId, held, request.nowMs)
    return { allowed: true, remaining: this.#remaining(state, request) }
  }

  release(consumer: string, requestId: string): void {
    const state = this.#consumers.get(consumer)
    const held = state?.held.get(requestId)
    if (state && held) this.#drop(state, requestId, held, this.#options.now())
  }

  async commit(entries: readonly CommitEntry[]): Promise<readonly CommitOutcome[]> {
    const outcomes = await this.#ids.claim(
      entries.map(({ event }) => event.request_id),
      async (fresh) => {
        await this.#options.journal?.(fresh.map((i) => entries[i] as CommitEntry))
      },
    )
    for (const [i, entry] of entries.entries()) {
      if (outcomes[i] === 'duplicate') continue
      const { totalTokens, picoUsd } = this.#count(entry)
      const { picoUsdByMonth, limits } = this.#state(entry.consumer)
      const monthPicoUsd = picoUsdByMonth.get(entry.month) ?? 0n
      this.#options.onCounted?.(entry, { dayTokens: totalTokens, dayPicoUsd: picoUsd, monthPicoUsd }, limits)
    }
    return outcomes
  }

  /** Counts an entry of the journal again after a restart. */
  restore(entry: CommitEntry): void {
    if (this.#ids.add(entry.event.request_id)) this.#count(entry)
  }

  /** Takes over what the shared counters say, so that this store can stand in for them. */
  async learn({ event, consumer, day, month }: CommitEntry, shared: ConsumerTotals): Promise<void> {
    const state = this.#state(consumer)
    // Reserved here while the shared store was away, settled there.
    state.held.remove(event.request_id)
    const totals = state.days.get(day) ?? this.#beginDay(state, day, this.#options.now())
    totals.totalTokens = shared.dayTokens
    totals.picoUsd = shared.dayPicoUsd
    state.picoUsdByMonth.set(month, shared.monthPicoUsd)
  }

  async usage(consumer: string, day: string): Promise<UsageTotals> {
    return { ...(this.#consumers.get(consumer)?.days.get(day) ?? noTotals()) }
  }

  async close(): Promise<void> {
    await this.#options.onClose?.()
  }

  #state(consumer: string): ConsumerState {
    let state = this.#consumers.get(consumer)
    if (!state) {
      state = new ConsumerState()
      this.#consumers.set(consumer, state)
    }
    return state
  }

  #hold(state: ConsumerState, requestId: string, held: Held, nowMs: number): void {
    state.held.add(requestId, held)
    state.lastMinute.addAt(nowMs, held.reservedMs, held.tokens, 1)
  }

  #drop(state: ConsumerState, requestId: string, held: Held, nowMs: number): void {
    state.held.remove(requestId)
    state.lastMinute.addAt(nowMs, held.reservedMs, -held.tokens, -1)
  }

  #count({ event, consumer, day, month, picoUsd }: CommitEntry): UsageTotals {
    const state = this.#state(consumer)
    const now = this.#options.now()
    const held = state.held.remove(event.request_id)
    const unsettled = event.total_t - (held?.tokens ?? 0)
    state.lastMinute.addAt(now, held?.reservedMs ?? event.timestamp_ms, unsettled, 0)
    const totals = state.days.get(day) ?? this.#beginDay(state, day, now)
    totals.requests++
    totals.promptTokens += event.prompt_t
    totals.completionTokens += event.completion_t
    totals.totalTokens += event.total_t
    totals.picoUsd += picoUsd
    state.picoUsdByMonth.set(month, (state.picoUsdByMonth.get(month) ?? 0n) + picoUsd)
    return totals
  }

  #beginDay(state: ConsumerState, day: string, nowMs: number): Totals {
    const oldest = new Date(nowMs - KEPT_DAYS * DAY_MS).toISOString().slice(0, 10)
    for (const kept of state.days.keys()) if (kept < oldest) state.days.delete(kept)
    const totals = noTotals()
    state.days.set(day, totals)
    return totals
  }

  #exceeded(state: ConsumerState, request: Reservation) {
    const { limits, nowMs, tokens } = request
    const { msToNextDay, msToNextMonth } = this.#options.calendar
    const today = state.days.get(request.day)
    const { held } = state
    if (limits.concurrent_requests !== undefined && state.held.size + 1 > limits.concurrent_requests) {
      return { exceeded: 'concurrent_requests', retryAfterMs: 1000 } as const
    }
    const requests = state.lastMinute.total('requests', nowMs)
    if (limits.requests_per_minute !== undefined && requests + 1 > limits.requests_per_minute) {
      const over = requests + 1 - limits.requests_per_minute
      const retryAfterMs = state.lastMinute.msUntilFree('requests', nowMs, over)
      return { exceeded: 'requests_per_minute', retryAfterMs } as const
    }
    const lastMinute = state.lastMinute.total('tokens', nowMs)
    if (limits.tokens_per_minute !== undefined && lastMinute + tokens > limits.tokens_per_minute) {
      const over = lastMinute + tokens - limits.tokens_per_minute
      return {
        exceeded: 'tokens_per_minute',
        retryAfterMs: state.lastMinute.msUntilFree('tokens', nowMs, over),
      } as const
    }
    const usedToday = (today?.totalTokens ?? 0) + held.tokens
    if (limits.tokens_per_day !== undefined && usedToday + tokens > limits.tokens_per_day) {
      return { exceeded: 'tokens_per_day', retryAfterMs: msToNextDay(nowMs) } as const
    }
    const spentToday = (today?.picoUsd ?? 0n) + held.picoUsd + request.picoUsd
    if (limits.usd_per_day !== undefined && spentToday > parseMoney(limits.usd_per_day)) {
      return { exceeded: 'usd_per_day', retryAfterMs: msToNextDay(nowMs) } as const
    }
    const spentThisMonth = (state.picoUsdByMonth.get(request.month) ?? 0n) + held.picoUsd + request.picoUsd
    if (limits.usd_per_month !== undefined && spentThisMonth > parseMoney(limits.usd_per_month)) {
      return { exceeded: 'usd_per_month', retryAfterMs: msToNextMonth(nowMs) } as const
    }
    return undefined
  }

  #remaining(state: ConsumerState, { limits, nowMs, day }: Reservation): Remaining {
    const usedToday = (state.days.get(day)?.totalTokens ?? 0) + state.held.tokens
    const perMinute = left(limits.tokens_per_minute, state.lastMinute.total('tokens', nowMs))
    const perDay = left(limits.tokens_per_day, usedToday)
    const minuteIsTighter = perMinute !== null && (perDay === null || perMinute <= perDay)
    const windowResetMs = state.lastMinute.msUntilEmpty(nowMs)
    return {
      requests: left(limits.requests_per_minute, state.lastMinute.total('requests', nowMs)),
      requestsResetMs: windowResetMs,
      tokens: minuteIsTighter ? perMinute : perDay,
      tokensResetMs: minuteIsTighter ? windowResetMs : this.#options.calendar.msToNextDay(nowMs),
    }
  }
}

function left(limit: Limits[keyof Limits], used: number): number | null {
  return typeof limit === 'number' ? Math.max(0, limit - used) : null
}

function noTotals(): Totals {
  return { requests: 0, promptTokens: 0, completionTokens: 0, totalTokens: 0, picoUsd: 0n }
}
