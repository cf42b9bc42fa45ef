import { type Observation, readNote, type UsageEvent, type UsageFields } from '../../runner/plugin.ts'
import { type RouteNote, routeNote } from './note.ts'

type EventAttempt = UsageEvent['attempts'][number]

/** What the router knows about an event: who was asked for what, and why it was not the first choice. */
export function usageFields({ event, notes }: Observation): Partial<UsageFields> {
  const note = readNote(notes, routeNote)
  if (!note) return {}
  const asked = { requested_model: note.requested_model, tier: note.tier }
  // A later plugin of the chain stopped it: no provider saw the request.
  if (event.outcome === 'served' || event.outcome === 'refused') {
    return { ...asked, attempts: [], fallback: false, fallback_reason: null }
  }
  const attempts = attemptsOf(event, note)
  const answered = note.attempts.at(-1)
  return {
    ...asked,
    provider: answered?.provider ?? null,
    model: answered?.model ?? null,
    attempts,
    fallback: note.attempts.length > 1 || note.fallback_reason !== null,
    fallback_reason: reasonOf(note, attempts),
  }
}

/**
 * The note says who was tried, the log what nginx got, in the same order. The last status belongs to whoever answered.
 * There are fewer statuses when nginx skipped a node that its active check had marked down, and when passes are nested
 * (an outer entry sees "503, 200" of three); more when one provider has several nodes, or when the gateway itself
 * ended the chain.
 */
function attemptsOf(event: UsageEvent, note: RouteNote): EventAttempt[] {
  const statuses = event.attempts.map(({ status }) => status)
  if (note.memory?.exhausted && statuses.length > 1) statuses.pop()
  const { attempts } = note
  const single = attempts.length === 1 ? attempts[0] : undefined
  if (single) return statuses.map((status) => ({ provider: single.provider, model: single.model, status }))
  const last = attempts.length - 1
  return attempts.map(({ provider, model }, index) => {
    const early = index < statuses.length - 1 ? (statuses[index] ?? null) : null
    return { provider, model, status: index === last ? (statuses.at(-1) ?? null) : early }
  })
}

/** A later pass cannot see why the one before failed; the log can. */
function reasonOf(note: RouteNote, attempts: readonly EventAttempt[]): string | null {
  if (note.attempts.length < 2) return note.fallback_reason
  const limited = note.fallback_reason === 'primary_unavailable' && attempts[0]?.status === 429
  return limited ? 'rate_limited' : note.fallback_reason
}
