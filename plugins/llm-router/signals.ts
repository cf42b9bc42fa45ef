import { type CallOutcome, type Observation, type RequestView, readNote } from '../../runner/plugin.ts'
import { type RouteAttempt, type RouteNote, routeNote } from './note.ts'
import { retryAfterMs } from './retry-after.ts'
import type { Mirror } from './state/mirror.ts'
import type { Signal } from './state/port.ts'

/** The sinks of what happened. */
type Sinks = Pick<Mirror, 'signal' | 'change'>

/** After the chain: what was forwarded is in flight; that a later pass came means that the target before has failed. */
export function afterDecision(
  request: RequestView,
  isFailover: boolean,
  outcome: CallOutcome,
  sinks: Sinks,
): void {
  const note = request.note(routeNote)
  if (!note) return
  const exhausted = note.memory?.exhausted === true
  const failed = isFailover ? note.attempts.at(exhausted ? -1 : -2) : undefined
  if (failed) {
    sinks.change({ provider: failed.provider, id: request.id, change: 'end' })
    send(sinks, failed, verdictOfFailure(failed))
  }
  const current = exhausted ? undefined : note.attempts.at(-1)
  if (!current) return
  if (outcome.kind === 'forwarded') {
    sinks.change({ provider: current.provider, id: request.id, change: 'begin' })
  } else if (current.probe) {
    send(sinks, current, { kind: 'void' })
  }
}

/** After the answer: nothing of the request is in flight any more, and the log says how each attempt ended. */
export function afterAnswer(observation: Observation, sinks: Sinks): void {
  const { event, notes } = observation
  const note = readNote(notes, routeNote)
  if (!note) return
  if (event.outcome === 'served' || event.outcome === 'refused') {
    // Stopped by a later plugin, `afterDecision` has cleared up; by APISIX after the runner (limit-req), nobody has.
    if (event.refused_by === 'apisix') neverSent(event.request_id, note, sinks)
    return
  }
  for (const provider of new Set(note.attempts.map((attempt) => attempt.provider))) {
    sinks.change({ provider, id: event.request_id, change: 'end' })
  }
  const statuses = event.attempts.map(({ status }) => status)
  const last = note.attempts.length - 1
  for (const [index, attempt] of note.attempts.entries()) {
    const final = index === last && !note.memory?.exhausted
    const status = index === last ? statuses.at(-1) : statuses[index]
    if (final) send(sinks, attempt, verdictOf(status, observation))
    // The later pass has reported the failure; only that it was a rate limit is news, unless it was told that too.
    else if (status === 429 && !attempt.failed) send(sinks, attempt, { kind: 'rate_limited' })
  }
}

function neverSent(id: string, { attempts }: RouteNote, sinks: Sinks): void {
  for (const attempt of attempts) {
    sinks.change({ provider: attempt.provider, id, change: 'end' })
    send(sinks, attempt, { kind: 'void' })
  }
}

function verdictOfFailure({ failed }: RouteAttempt): Verdict {
  if (failed?.status !== 429) return { kind: 'failure' }
  return rateLimited(failed.retry_after_ms)
}

function rateLimited(retryAfterMs: number | undefined): Verdict {
  return { kind: 'rate_limited', ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

type Verdict = Omit<Signal, 'breaker' | 'probe'>

function verdictOf(status: number | null | undefined, observation: Observation): Verdict {
  const { outcome, ttft_ms: ttftMs, timestamp_ms: endedAt } = observation.event
  if (status === null || status === undefined) return { kind: 'void' }
  if (status === 429) {
    const words = pauseInWords(observation.answer?.error?.message)
    return rateLimited(words ?? retryAfterMs(observation.retryAfter, endedAt))
  }
  if (status >= 500 || status === 408) return { kind: 'failure' }
  if (outcome === 'upstream_cut') return { kind: 'cut' }
  // Any other 4xx is the client's own, from a provider that is well.
  if (status >= 400 || ttftMs === null) return { kind: 'ok' }
  return { kind: 'ok', ttftMs }
}

/** OpenAI says it in words, to the millisecond: "Please try again in 1.2s." */
function pauseInWords(message: string | undefined): number | undefined {
  const [, amount, unit] =
    /try again in (\d{1,6}(?:\.\d{1,6})?)(ms|s|m)\b/.exec(message?.slice(0, 500) ?? '') ?? []
  if (amount === undefined) return undefined
  const factor = unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000
  return Math.ceil(Number(amount) * factor)
}

function send(sinks: Sinks, attempt: RouteAttempt, verdict: Verdict): void {
  if (attempt.breaker === undefined) return
  // A probe without a verdict is given back; for any other attempt that would be no news.
  if (verdict.kind === 'void' && !attempt.probe) return
  sinks.signal({ breaker: attempt.breaker, ...verdict, ...(attempt.probe && { probe: true }) })
}
