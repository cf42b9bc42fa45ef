import { toRunnerError } from '../errors.ts'
import type { Ledger, Observation, UsageFields } from '../plugin.ts'
import type { RequestRecord, RequestRecords } from '../records/index.ts'
import type { Log } from '../services/index.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Digest, DigestedEntry } from './digest.ts'
import type { UsageEvent } from './event.ts'
import type { FanOut } from './fan-out.ts'
import { toObservation } from './to-observation.ts'

export interface Enricher {
  readonly plugin: string
  enrich(observation: Observation): Partial<UsageFields> | Promise<Partial<UsageFields>>
}

export interface IntakeReport {
  event(event: UsageEvent): void
  duplicate(): void
  rejected(count: number): void
  enrichFailed(plugin: string): void
}

export interface IntakeParts {
  readonly records: RequestRecords
  readonly enrichers: readonly Enricher[]
  readonly ledger: Ledger
  readonly fanOut: FanOut
  readonly deadLetters: DeadLetters
  readonly report: IntakeReport
  readonly log: Log
  readonly now: () => number
}

/** Digested entries > events > ledger > observers. When `take` settles, APISIX may forget the entries. */
export class Intake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** @throws whatever the ledger throws: nothing may be acknowledged then. */
  async take(digest: Digest): Promise<void> {
    const { records, report, ledger, fanOut, deadLetters, log } = this.#parts
    if (digest.rejected.length > 0) {
      report.rejected(digest.rejected.length)
      await deadLetters.keep(digest.rejected).catch((cause) => {
        // What could not be read must not keep the rest of its batch from being billed.
        log.error({ err: toRunnerError(cause, 'STORE_UNAVAILABLE', 'dead letters') }, 'dead letters not kept')
      })
    }
    if (digest.entries.length === 0) return
    // Without its record an event lacks what plugins noted of the request. It is billed all the same.
    const known = await records.getAll(digest.entries.map(({ entry }) => entry.requestId)).catch(() => [])
    const observations = await Promise.all(
      digest.entries.map((entry, i) => this.#observation(entry, known[i])),
    )
    const outcomes = await ledger.commit(observations.map((observation) => observation.event))
    const fresh = observations.filter((observation, i) => {
      if (outcomes[i] === 'duplicate') report.duplicate()
      else report.event(observation.event)
      return outcomes[i] !== 'duplicate'
    })
    fanOut.push(fresh)
  }

  async #observation(digested: DigestedEntry, record: RequestRecord | undefined): Promise<Observation> {
    const { enrichers, report, log, now } = this.#parts
    let observation = toObservation(digested, record, now())
    for (const enricher of enrichers) {
      try {
        const fields = enricher.enrich(observation)
        observation = observation.enriched(fields instanceof Promise ? await fields : fields)
      } catch (cause) {
        // The bill must not fail because a detail could not be filled in.
        report.enrichFailed(enricher.plugin)
        log.error(
          {
            err: toRunnerError(cause, 'PLUGIN_FAILED', `enrich of ${enricher.plugin}`),
            request_id: observation.event.request_id,
          },
          'event not enriched',
        )
      }
    }
    return observation
  }
}
