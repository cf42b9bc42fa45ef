import type { Dispatcher } from 'undici'

/** What an external service says about a text. */
export interface CheckVerdict {
  readonly violation: boolean
  /** The service's word for what it found, cleaned: lower case, [a-z0-9_/.-], at most 64 characters; `none` without one. */
  readonly label: string
  /** 0 to 1; 1 where the service gives none. */
  readonly score: number
}

/** One external service, as far as its API goes. Deadline, breaker, cache and bounds are around it (guarded-check.ts). */
export interface ContentService {
  /** Code units that one call may carry. */
  readonly maxChars: number
  /** @throws CheckError */
  ask(text: string, signal: AbortSignal): Promise<CheckVerdict>
  close?(): Promise<void>
}

/** What a service is built from. */
export interface ServiceParts {
  /** @throws with the variable's name when it is not set. */
  secret(variable: string): string
  readonly dispatcher: Dispatcher
  /** Longest answer that is read. */
  readonly maxBytes: number
}

export type CheckErrorCode =
  | 'timeout'
  | 'network'
  | 'status'
  /** The answer is no verdict: not JSON, wrong types, missing fields. */
  | 'shape'
  | 'too_large'
  /** The breaker is open. */
  | 'open'
  /** Too many calls wait already. */
  | 'busy'
  /** The text needs more calls than one request may make. */
  | 'too_long'

/** Says what went wrong with a check; never what was checked. */
export class CheckError extends Error {
  readonly code: CheckErrorCode

  constructor(code: CheckErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CheckError'
    this.code = code
  }
}

const MAX_LABEL = 64

export function verdictOf(violation: boolean, label: unknown, score: unknown): CheckVerdict {
  const word = typeof label === 'string' ? label.toLowerCase().replace(/[^a-z0-9_/.-]+/g, '_') : ''
  const known = typeof score === 'number' && Number.isFinite(score)
  return {
    violation,
    label: word.slice(0, MAX_LABEL) || 'none',
    score: known ? Math.min(1, Math.max(0, score)) : 1,
  }
}
