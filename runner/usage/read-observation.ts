import type { JsonObject } from '../json.ts'
import { type Answer, type AnswerSummary, type Endpoint, readAnswer } from '../llm/index.ts'
import { isRecord, parseJson } from '../llm/json.ts'
import type { Notes, Observation } from '../plugin.ts'
import { hintOf } from './digest.ts'
import type { UsageEvent, UsageFields } from './event.ts'
import type { LogEntry } from './log-entry.ts'

/** Reading a body holds the event loop: these take a few milliseconds at most. */
const MAX_ANSWER_TEXT_BYTES = 256 * 1024
const MAX_REQUEST_TEXT_BYTES = 1024 * 1024

/** The two bodies of one entry, each read when somebody first asks and no more than once. */
class Bodies {
  readonly #entry: LogEntry
  readonly #summary: AnswerSummary | undefined
  #answer: Answer | undefined
  #requestJson: JsonObject | undefined
  #requestRead = false

  constructor(entry: LogEntry, summary: AnswerSummary | undefined) {
    this.#entry = entry
    this.#summary = summary
  }

  get answer(): Answer | undefined {
    const { responseBody } = this.#entry
    if (!this.#summary || !responseBody) return undefined
    this.#answer ??=
      responseBody.length <= MAX_ANSWER_TEXT_BYTES
        ? readAnswer(responseBody, hintOf(this.#entry))
        : { ...this.#summary, choices: [], brokenEvents: 0 }
    return this.#answer
  }

  get requestJson(): JsonObject | undefined {
    const { requestBody } = this.#entry
    if (!this.#requestRead && requestBody !== undefined && requestBody.length <= MAX_REQUEST_TEXT_BYTES) {
      const json = parseJson(requestBody)
      this.#requestJson = isRecord(json) ? json : undefined
    }
    this.#requestRead = true
    return this.#requestJson
  }
}

interface Parts {
  readonly event: UsageEvent
  readonly endpoint: Endpoint | undefined
  readonly retryAfter: string | undefined
  readonly notes: Notes
  readonly traceparent: string | undefined
}

export class ReadObservation implements Observation {
  readonly event: UsageEvent
  readonly endpoint: Endpoint | undefined
  readonly retryAfter: string | undefined
  readonly notes: Notes
  readonly traceparent: string | undefined
  readonly #bodies: Bodies

  private constructor({ event, endpoint, retryAfter, notes, traceparent }: Parts, bodies: Bodies) {
    this.event = event
    this.endpoint = endpoint
    this.retryAfter = retryAfter
    this.notes = notes
    this.traceparent = traceparent
    this.#bodies = bodies
  }

  static of(parts: Parts, entry: LogEntry, summary: AnswerSummary | undefined): ReadObservation {
    return new ReadObservation(parts, new Bodies(entry, summary))
  }

  /** The same with fields of its event filled in. */
  enriched(fields: Partial<UsageFields>): ReadObservation {
    return new ReadObservation({ ...this, event: { ...this.event, ...fields } }, this.#bodies)
  }

  get answer(): Answer | undefined {
    return this.#bodies.answer
  }

  get requestJson(): JsonObject | undefined {
    return this.#bodies.requestJson
  }
}
