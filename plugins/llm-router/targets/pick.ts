import type { FallbackReason, FleetView } from '../state/fleet.ts'
import type { Candidate } from './candidate.ts'
import type { Options } from './choose.ts'
import { type Judgement, judge } from './judge.ts'

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
 * The first candidate that may be used. Synchronous unless a half-open one is reached. When nothing is ready, a doubtful
 * one is better than a refusal: the provider itself then says what is wrong.
 */
export function pick(
  { candidates, reason }: Extract<Options, { kind: 'options' }>,
  fleet: FleetView,
  acquireProbe: AcquireProbe,
): PickResult | Promise<PickResult> {
  const judgements: Judgement[] = []
  const picked = (index: number, probe: boolean): Picked => ({
    candidate: candidates[index] as Candidate,
    reason: reason ?? (index === 0 ? null : (judgements[0]?.reason ?? null)),
    probe,
  })
  const from = (start: number): PickResult | Promise<PickResult> => {
    for (let index = start; index < candidates.length; index++) {
      const candidate = candidates[index] as Candidate
      const judgement = judge(candidate, fleet)
      judgements.push(judgement)
      if (judgement.standing === 'ready') return picked(index, false)
      if (judgement.standing === 'probe') {
        return acquireProbe(candidate.breaker).then((granted) =>
          granted ? picked(index, true) : from(index + 1),
        )
      }
    }
    const lastResort = judgements.findIndex(({ isLastResort }) => isLastResort)
    if (lastResort >= 0) return picked(lastResort, false)
    return { retryAfterMs: Math.min(...judgements.map(({ retryAfterMs }) => retryAfterMs)) }
  }
  return from(0)
}
