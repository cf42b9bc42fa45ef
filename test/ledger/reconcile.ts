import { moneyOf } from '../../plugins/token-metering/pricer.ts'
import type { UsageEvent } from '../../runner/plugin.ts'
import type { Bill } from './books.ts'

export interface Totals {
  requests: number
  prompt: number
  completion: number
  picoUsd: bigint
}

export const noTotals = (): Totals => ({ requests: 0, prompt: 0, completion: 0, picoUsd: 0n })

export interface Findings {
  readonly problems: readonly string[]
  readonly events: number
  readonly duplicatesOnTheWire: number
  readonly exact: number
  readonly estimated: readonly Estimate[]
  readonly byConsumer: ReadonlyMap<string, Totals>
  /** Events by how the request ended, and who refused it with which status. */
  readonly outcomes: ReadonlyMap<string, number>
}

export interface Estimate {
  readonly outcome: string
  readonly source: string
  readonly billed: number
  readonly estimated: number
}

/** Events as read back from Kafka against the providers' books, request by request. */
export function reconcile(
  wire: readonly UsageEvent[],
  bills: ReadonlyMap<string, Bill>,
  answeredIds: ReadonlySet<string>,
): Findings {
  const problems: string[] = []
  const events = new Map<string, UsageEvent>()
  let duplicatesOnTheWire = 0
  for (const event of wire) {
    const known = events.get(event.request_id)
    if (known) {
      duplicatesOnTheWire++
      if (JSON.stringify(known) !== JSON.stringify(event))
        problems.push(`two different events ${event.request_id}`)
    } else events.set(event.request_id, event)
  }
  for (const id of answeredIds)
    if (!events.has(id)) problems.push(`lost: ${id} was answered and has no event`)
  for (const [id, { story }] of bills) {
    if (!events.has(id)) problems.push(`lost: ${id} is in the books and has no event: ${story}`)
  }
  const byConsumer = new Map<string, Totals>()
  const estimated: Estimate[] = []
  const outcomes = new Map<string, number>()
  let exact = 0
  for (const event of events.values()) {
    const ended =
      event.outcome === 'refused' ? `refused by ${event.refused_by} (${event.status})` : event.outcome
    outcomes.set(ended, (outcomes.get(ended) ?? 0) + 1)
    const totals = byConsumer.get(event.consumer ?? 'anonymous') ?? noTotals()
    totals.requests++
    totals.prompt += event.prompt_t
    totals.completion += event.completion_t
    totals.picoUsd += moneyOf(event)
    byConsumer.set(event.consumer ?? 'anonymous', totals)
    const bill = bills.get(event.request_id)
    if (event.usage_estimated) {
      estimated.push({
        outcome: event.outcome,
        source: event.usage_source,
        billed: (bill?.promptTokens ?? 0) + (bill?.completionTokens ?? 0),
        estimated: event.total_t,
      })
      continue
    }
    exact++
    const said = [event.prompt_t, event.completion_t, moneyOf(event)].join(' ')
    const booked = [bill?.promptTokens ?? 0, bill?.completionTokens ?? 0, bill?.picoUsd ?? 0n].join(' ')
    if (said !== booked) {
      problems.push(
        `${event.request_id} (${event.outcome}, ${event.provider} ${event.model}): event ${said}, books ${booked}`,
      )
    }
  }
  return { problems, events: events.size, duplicatesOnTheWire, exact, estimated, byConsumer, outcomes }
}

export function compareTotals(
  what: string,
  expected: ReadonlyMap<string, Totals>,
  found: ReadonlyMap<string, Totals>,
): string[] {
  const show = (totals: Totals | undefined) =>
    totals ? [totals.requests, totals.prompt, totals.completion, totals.picoUsd].join(' ') : 'nothing'
  const names = new Set([...expected.keys(), ...found.keys()])
  return [...names].flatMap((name) => {
    const [one, other] = [show(expected.get(name)), show(found.get(name))]
    return one === other ? [] : [`${what}: ${name} has ${other}, Kafka says ${one}`]
  })
}
