import type { Notes } from '../plugin.ts'

/**
 * What the request flow knows of a request and the log entry does not say: who stopped it and what each plugin noted.
 * Written when the call is answered, read when the log entry comes, and by a later pass of the same request.
 * Losing one costs detail, never a bill: the log entry alone names consumer, model and tokens.
 */
export interface RequestRecord {
  readonly routeId: string
  readonly consumer: string | undefined
  readonly receivedAt: number
  readonly stoppedBy: string | undefined
  readonly outcome: 'forwarded' | 'served' | 'refused'
  readonly notes: Notes
  /** W3C Trace Context of the request, when it came with one. */
  readonly traceparent?: string | undefined
}

export interface RequestRecords {
  /** A promise only where the records are elsewhere. */
  put(id: string, record: RequestRecord): void | Promise<void>
  get(id: string): Promise<RequestRecord | undefined>
  /** As `get`, for all entries of a post in one go; in the order of the ids. */
  getAll(ids: readonly string[]): Promise<readonly (RequestRecord | undefined)[]>
}

export const RECORD_TTL_MS = 3_600_000
