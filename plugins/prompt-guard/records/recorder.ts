import { createHash } from 'node:crypto'
import type { Kafka, Log } from '../../../runner/plugin.ts'
import { maskSecrets } from '../detect/index.ts'
import type { Finding } from '../note.ts'
import { BatchQueue } from './batch-queue.ts'
import type { GuardEvent } from './guard-event.ts'
import type { Violations } from './violations.ts'

/** What was looked at and who sent it. */
export interface Subject {
  readonly requestId: string
  readonly timestampMs: number
  readonly direction: 'request' | 'answer'
  readonly consumer: string | null
  readonly routeId: string | null
  readonly endpoint: string | null
  readonly texts: readonly string[]
}

export interface RecorderParts {
  readonly log: Log
  readonly kafka: Kafka | undefined
  readonly topic: string
  readonly violations: Violations
  readonly maxWaiting: number
  /** 0: no text is kept. */
  readonly textMaxChars: number
  dropped(sink: 'kafka' | 'search', count: number): void
}

const MAX_BATCH = 500
const CLOSE_MS = 2_000

/** Writes violations down in the log, on Kafka and in the search index. Never holds up a request. */
export class Recorder {
  readonly #parts: RecorderParts
  readonly #queues: readonly BatchQueue<GuardEvent>[]

  constructor(parts: RecorderParts) {
    this.#parts = parts
    const { kafka, topic, violations } = parts
    this.#queues = [
      this.#queue('search', (batch) => violations.add(batch)),
      ...(kafka ? [this.#queue('kafka', (batch) => kafka.send(topic, batch.map(toMessage)))] : []),
    ]
  }

  record(subject: Subject, findings: readonly Finding[]): void {
    if (findings.length === 0) return
    const text = aboutText(subject.texts, this.#parts.textMaxChars)
    for (const { action, category, score, rules, flags } of findings) {
      const event: GuardEvent = {
        schema_version: 1,
        event_id: `${subject.requestId}:${subject.direction}:${sourceOf(category, rules)}`,
        request_id: subject.requestId,
        timestamp_ms: subject.timestampMs,
        direction: subject.direction,
        consumer: subject.consumer,
        route_id: subject.routeId,
        endpoint: subject.endpoint,
        category,
        action,
        score,
        rules: [...rules],
        flags: [...flags],
        ...text,
      }
      // The log never has texts, whatever the setting.
      const { text: _, ...logged } = event
      this.#parts.log.warn(logged, 'guard finding')
      for (const queue of this.#queues) queue.push(event)
    }
  }

  /** Settles when everything is where it belongs. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.idle()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close(CLOSE_MS)))
  }

  #queue(sink: 'kafka' | 'search', deliver: (batch: readonly GuardEvent[]) => Promise<void>) {
    return new BatchQueue<GuardEvent>({
      maxWaiting: this.#parts.maxWaiting,
      maxBatch: MAX_BATCH,
      deliver,
      dropped: (count) => this.#parts.dropped(sink, count),
      failed: (err) => this.#parts.log.warn({ err, sink }, 'guard events wait: their sink is away'),
    })
  }
}

/** External checks share their categories: each has its own event, or the second would take the place of the first. */
function sourceOf(category: string, [rule]: readonly string[]): string {
  const isCheck = category === 'content' || category === 'check_failed'
  return isCheck && rule !== undefined ? `${category}:${rule.slice(0, rule.indexOf(':'))}` : category
}

function toMessage(event: GuardEvent) {
  return {
    key: event.consumer ?? 'anonymous',
    value: JSON.stringify(event),
    headers: {
      event_id: event.event_id,
      request_id: event.request_id,
      schema_version: '1',
      'content-type': 'application/json',
    },
    timestampMs: event.timestamp_ms,
  }
}

/** Texts that are joined for the digest: an update for each of a hundred thousand would take ten times as long. */
const JOINED_TEXTS = 1_000

function aboutText(texts: readonly string[], maxChars: number) {
  const digest = createHash('sha256')
  let length = 0
  for (let from = 0; from < texts.length; from += JOINED_TEXTS) {
    const joined = texts.slice(from, from + JOINED_TEXTS).join('')
    digest.update(joined)
    length += joined.length
  }
  return {
    text_length: length,
    text_sha256: digest.digest('hex'),
    ...(maxChars > 0 ? { text: excerpt(texts, maxChars) } : {}),
  }
}

/** Masked before it is cut, so that no half of a secret remains; only as much as can matter is masked. */
function excerpt(texts: readonly string[], maxChars: number): string {
  const margin = 4_096
  let head = ''
  for (const text of texts) {
    head += head === '' ? text.slice(0, maxChars + margin) : `\n${text.slice(0, maxChars + margin)}`
    if (head.length >= maxChars + margin) break
  }
  return maskSecrets(head).slice(0, maxChars)
}
