import { RunnerError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Answer, readAnswer } from '../llm/index.ts'
import { isRecord, parseJson } from '../llm/json.ts'
import { type LogEntry, readLogEntry } from './log-entry.ts'

/** A log entry with its two bodies read: all that can be learned from one entry by itself. */
export interface DigestedEntry {
  readonly entry: LogEntry
  readonly answer: Answer | undefined
  readonly requestJson: JsonObject | undefined
}

export interface Digest {
  readonly entries: readonly DigestedEntry[]
  readonly rejected: readonly Rejected[]
}

/** An entry that could not be read; kept aside, never in the way of its batch. */
export interface Rejected {
  readonly reason: string
  readonly raw: unknown
}

/**
 * A post of http-logger > entries: one object (`batch_max_size: 1`), an array, or objects on lines of their own
 * (`concat_method: new_line`). Pure, so that big posts can be digested in a worker thread.
 */
export function digestPost(post: Buffer): Digest {
  const entries: DigestedEntry[] = []
  const rejected: Rejected[] = []
  for (const raw of splitPost(post.toString('utf8'), rejected)) {
    try {
      entries.push(digestEntry(raw))
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      rejected.push({ reason: error.message, raw })
    }
  }
  return { entries, rejected }
}

function splitPost(text: string, rejected: Rejected[]): unknown[] {
  const whole = parseJson(text)
  if (Array.isArray(whole)) return whole
  if (whole !== undefined) return [whole]
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const raw = parseJson(line)
      if (raw === undefined) rejected.push({ reason: 'log entry is not JSON', raw: line })
      return raw === undefined ? [] : [raw]
    })
}

function digestEntry(raw: unknown): DigestedEntry {
  const entry = readLogEntry(raw)
  const request = entry.requestBody === undefined ? undefined : parseJson(entry.requestBody)
  const answer =
    entry.responseBody === undefined || entry.responseBody === ''
      ? undefined
      : readAnswer(entry.responseBody, {
          status: entry.status,
          ...(entry.contentType === undefined ? {} : { contentType: entry.contentType }),
        })
  return { entry, answer, requestJson: isRecord(request) ? request : undefined }
}
