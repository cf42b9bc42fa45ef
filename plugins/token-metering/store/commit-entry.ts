import type { UsageEvent } from '../../../runner/plugin.ts'
import type { Calendar } from '../calendar.ts'
import { moneyOf } from '../pricer.ts'
import { ANONYMOUS, type CommitEntry } from './usage-store.ts'

/** The event with what stores count it under. */
export function toCommitEntry(event: UsageEvent, calendar: Calendar): CommitEntry {
  return {
    event,
    consumer: event.consumer ?? ANONYMOUS,
    day: calendar.day(event.timestamp_ms),
    month: calendar.month(event.timestamp_ms),
    picoUsd: moneyOf(event),
  }
}
