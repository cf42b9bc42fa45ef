import type { Ledger } from './ledger.ts'
import type { Script } from './script.ts'

/** What all requests to one provider share. */
export interface Desk {
  name: string
  requireKey: string | undefined
  models: string[]
  ledger: Ledger
  script: Script
  /** Unix milliseconds. */
  now: () => number
  /** Counts the calls, for their ids. */
  serial: number
}
