import type { FallbackReason } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'
import type { Option, Options } from './choose.ts'

export interface Picked {
  readonly candidate: Candidate
  /** null: the first choice. */
  readonly reason: FallbackReason | null
  readonly probe: boolean
}

export type PickResult = Picked | { readonly retryAfterMs: number }

/** Asks the breaker of a half-open target for the one request it lets through. */
export type AcquireProbe = (breaker: string) => Promise<boolean>

/**
 * The first option that may be used. Synchronous unless a half-open one is reached. When nothing is ready, a doubtful
 * one is better than a refusal: the provider itself then says what is wrong.
 */
export function pick(
  { options, reason }: Extract<Options, { kind: 'options' }>,
  acquireProbe: AcquireProbe,
): PickResult | Promise<PickResult> {
  const reasonOf = (index: number): FallbackReason | null =>
    reason ?? (index === 0 ? null : (options[0]?.reason ?? null))
  const from = (start: number): PickResult | Promise<PickResult> => {
    const index = options.findIndex(
      ({ standing }, at) => at >= start && (standing === 'ready' || standing === 'probe'),
    )
    const option = options[index]
    if (!option) return lastResort(options, reasonOf)
    const picked = {
      candidate: option.candidate,
      reason: reasonOf(index),
      probe: option.standing === 'probe',
    }
    if (!picked.probe) return picked
    return acquireProbe(option.candidate.breaker).then((granted) => (granted ? picked : from(index + 1)))
  }
  return from(0)
}

function lastResort(
  options: readonly Option[],
  reasonOf: (index: number) => FallbackReason | null,
): PickResult {
  const index = options.findIndex(({ standing }) => standing === 'doubtful')
  const option = options[index]
  if (option) return { candidate: option.candidate, reason: reasonOf(index), probe: false }
  return { retryAfterMs: Math.min(...options.map(({ retryAfterMs }) => retryAfterMs)) }
}
