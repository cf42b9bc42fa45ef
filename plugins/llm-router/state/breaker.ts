import type { BreakerSettings } from '../settings.ts'
import type { OpenCause } from './fleet.ts'
import type { Signal } from './port.ts'

/**
 * One circuit breaker as data, so that a process and Redis can hold the same: closed until failures pile up, open for
 * a while, then half-open (still `open` here, but `until` has passed): one probe decides whether it closes or opens
 * for twice as long. Times are milliseconds of the store's clock.
 */
export interface Breaker {
  readonly open: OpenCause | null
  readonly until: number
  /** Probes that failed in a row, and relapses soon after it had closed: each doubles the time that it is open. */
  readonly trips: number
  readonly probeUntil: number
  readonly windowFrom: number
  readonly good: number
  readonly bad: number
  /** Those among the bad ones that a client saw. */
  readonly cuts: number
  readonly limited: number
  /** Failures since the last good answer. */
  readonly streak: number
  /** null: it has never been open. */
  readonly closedAt: number | null
  readonly ttftMs: number | null
  readonly ttftAt: number
  readonly touchedAt: number
}

/** An entry that nobody touched for this long is the same as a new one. */
export const FORGOTTEN_MS = 600_000

const FRESH: Breaker = {
  open: null,
  until: 0,
  trips: 0,
  probeUntil: 0,
  windowFrom: 0,
  good: 0,
  bad: 0,
  cuts: 0,
  limited: 0,
  streak: 0,
  closedAt: null,
  ttftMs: null,
  ttftAt: 0,
  touchedAt: 0,
}

export function fold(
  before: Breaker | undefined,
  signal: Signal,
  now: number,
  settings: BreakerSettings,
): Breaker {
  const breaker = measured(
    // An older version may have written it.
    { ...rolled({ ...FRESH, ...before }, now, settings), touchedAt: now },
    signal,
    now,
    settings,
  )
  const kind = isSlow(signal, settings) ? 'failure' : signal.kind
  if (breaker.open === null) return foldClosed(breaker, kind, signal, now, settings)
  if (signal.probe) return foldProbe(breaker, kind, signal, now, settings)
  if (kind === 'rate_limited') return foldLateLimit(breaker, signal, now, settings)
  // An answer to a request from before it opened proves nothing.
  return breaker
}

/** The breaker with its probe taken; undefined: somebody else has it, or it is too early. */
export function takeProbe(
  breaker: Breaker | undefined,
  now: number,
  settings: BreakerSettings,
): Breaker | undefined {
  if (!breaker || breaker.open === null) return breaker ?? FRESH
  if (now < breaker.until || now < breaker.probeUntil) return undefined
  return { ...breaker, probeUntil: now + settings.probe_ms, touchedAt: now }
}

/** Opens a breaker by hearsay: what another store said before it went away. */
export function opened(cause: OpenCause, forMs: number, now: number): Breaker {
  return { ...FRESH, open: cause, until: now + forMs, touchedAt: now }
}

function foldClosed(
  breaker: Breaker,
  kind: Signal['kind'],
  signal: Signal,
  now: number,
  settings: BreakerSettings,
): Breaker {
  switch (kind) {
    case 'void':
      return breaker
    case 'ok':
      return { ...breaker, good: breaker.good + 1, streak: 0 }
    case 'failure':
    case 'cut': {
      const cuts = breaker.cuts + (kind === 'cut' ? 1 : 0)
      const failed = { ...breaker, bad: breaker.bad + 1, cuts, streak: breaker.streak + 1 }
      const cause = brokenBy(failed, settings)
      if (cause === undefined) return failed
      const relapsed = breaker.closedAt !== null && now - breaker.closedAt < settings.relapse_ms
      return broken(failed, cause, relapsed ? breaker.trips + 1 : 0, now, settings)
    }
    case 'rate_limited': {
      const limited = { ...breaker, limited: breaker.limited + 1 }
      const enough = signal.retryAfterMs !== undefined || limited.limited >= settings.rate_limit_threshold
      return enough ? turned(limited, 'rate_limited', pauseOf(signal, settings), now) : limited
    }
  }
}

function foldProbe(
  breaker: Breaker,
  kind: Signal['kind'],
  signal: Signal,
  now: number,
  settings: BreakerSettings,
): Breaker {
  switch (kind) {
    case 'void':
      return { ...breaker, probeUntil: 0 }
    case 'ok':
      return { ...turned(breaker, null, 0, now), closedAt: now }
    case 'rate_limited':
      return turned(breaker, 'rate_limited', pauseOf(signal, settings), now)
    case 'failure':
      return broken(breaker, 'failures', breaker.trips + 1, now, settings)
    case 'cut':
      return broken(breaker, 'cuts', breaker.trips + 1, now, settings)
  }
}

/** The failover pass reports a failure at once; the log says later that it was a 429. */
function foldLateLimit(breaker: Breaker, signal: Signal, now: number, settings: BreakerSettings): Breaker {
  if (now >= breaker.until) return breaker
  const until =
    signal.retryAfterMs === undefined
      ? breaker.until
      : Math.max(breaker.until, now + pauseOf(signal, settings))
  return { ...breaker, open: 'rate_limited', until }
}

function broken(
  breaker: Breaker,
  cause: OpenCause,
  trips: number,
  now: number,
  settings: BreakerSettings,
): Breaker {
  const pause = Math.min(settings.open_ms * 2 ** Math.min(trips, 20), settings.max_open_ms)
  return { ...turned(breaker, cause, pause, now), trips }
}

/** With new counts; without a cause it is closed. */
function turned(breaker: Breaker, cause: Breaker['open'], pauseMs: number, now: number): Breaker {
  return {
    ...breaker,
    open: cause,
    until: now + pauseMs,
    probeUntil: 0,
    windowFrom: now,
    good: 0,
    bad: 0,
    cuts: 0,
    limited: 0,
    streak: 0,
  }
}

function rolled(breaker: Breaker, now: number, settings: BreakerSettings): Breaker {
  if (now - breaker.windowFrom < settings.window_ms) return breaker
  return { ...breaker, windowFrom: now, good: 0, bad: 0, cuts: 0, limited: 0 }
}

function brokenBy({ streak, bad, good, cuts }: Breaker, settings: BreakerSettings): OpenCause | undefined {
  const often = bad >= 2 * settings.failure_threshold && bad >= settings.failure_ratio * (bad + good)
  if (streak >= settings.failure_threshold || often) return bad === cuts ? 'cuts' : 'failures'
  // Another provider hides all failures but these from clients.
  const isCutting = cuts >= settings.cut_threshold && cuts >= settings.cut_ratio * (bad + good)
  return isCutting ? 'cuts' : undefined
}

function isSlow({ kind, ttftMs }: Signal, { slow_ttft_ms: slow }: BreakerSettings): boolean {
  return kind === 'ok' && slow !== undefined && ttftMs !== undefined && ttftMs > slow
}

function pauseOf({ retryAfterMs }: Signal, settings: BreakerSettings): number {
  return Math.min(Math.max(retryAfterMs ?? settings.rate_limit_open_ms, 1), settings.max_open_ms)
}

/** An average in which the past fades with time, not with the number of requests. */
function measured(breaker: Breaker, { ttftMs }: Signal, now: number, settings: BreakerSettings): Breaker {
  if (ttftMs === undefined) return breaker
  const weight =
    breaker.ttftMs === null ? 0 : Math.min(Math.exp((breaker.ttftAt - now) / settings.ttft_memory_ms), 0.9)
  return { ...breaker, ttftMs: weight * (breaker.ttftMs ?? 0) + (1 - weight) * ttftMs, ttftAt: now }
}
