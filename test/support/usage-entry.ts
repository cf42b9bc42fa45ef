import { formatMoney } from '../../plugins/token-metering/cost/money.ts'
import type { CommitEntry } from '../../plugins/token-metering/store/usage-store.ts'
import type { UsageEvent } from '../../runner/plugin.ts'
import { usageEvent } from './events.ts'

export interface UsageEntryFields {
  readonly who: string
  readonly id: string
  readonly prompt: number
  readonly completion: number
  readonly picoUsd?: bigint
  readonly atMs: number
  readonly model?: string
}

/** A committed event as stores get it, with what a test cares about; days are UTC. */
export function usageEntry(fields: UsageEntryFields): CommitEntry {
  const iso = new Date(fields.atMs).toISOString()
  const picoUsd = fields.picoUsd ?? 0n
  return {
    event: { ...eventOf(fields), cost: formatMoney(picoUsd), cost_usd: formatMoney(picoUsd) },
    consumer: fields.who,
    day: iso.slice(0, 10),
    month: iso.slice(0, 7),
    picoUsd,
  }
}

function eventOf({ who, id, prompt, completion, atMs, model = 'gpt-4o' }: UsageEntryFields): UsageEvent {
  return usageEvent({
    ...{ request_id: id, timestamp: Math.floor(atMs / 1000), timestamp_ms: atMs, consumer: who },
    ...{ tier: 'basic', requested_model: model, model, response_model: model, cache: null },
    ...{ prompt_t: prompt, completion_t: completion, total_t: prompt + completion },
    ...{ attempts: [{ provider: 'openai', model, status: 200 }], response_bytes: 1000 },
  })
}
