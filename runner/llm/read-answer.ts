import { AnswerBuilder } from './answer-builder.ts'
import { failureOf } from './answer-error.ts'
import { AnswerReader } from './answer-reader.ts'
import { embeddingFrame } from './embedding-frame.ts'
import { isRecord, parseJson } from './json.ts'
import type { Wanted } from './sse.ts'
import type { StreamEvent } from './stream-events.ts'
import { lineJson, sseJson } from './stream-events.ts'
import type { Answer, AnswerHint, AnswerSummary } from './types.ts'
import { worthParsing } from './worth-parsing.ts'

/** A stream with more broken events than this is no stream of a model; the rest of it is not read. */
const maxBrokenEvents = 1_000
/** Of these the first events are parsed in any case: they name the model and open the choices. */
const openingEvents = 8
const maxMessageLength = 1_000

/**
 * Reads one response body of any known API: a JSON document, SSE or NDJSON, told apart by its content. Never throws;
 * a body that nobody understands gives an answer of the api `unknown` (or of the hint's) that is not complete.
 * Linear in the body; about twice its size in memory.
 */
export function readAnswer(body: string, hint: AnswerHint = {}): Answer {
  return read(body, hint, true).build()
}

/** The same without texts, refusals, reasoning and tool calls: on streams many times faster, with the same numbers. */
export function readUsage(body: string, hint: AnswerHint = {}): AnswerSummary {
  const { choices: _choices, brokenEvents: _broken, ...summary } = read(body, hint, false).build()
  return summary
}

function read(body: string, hint: AnswerHint, keepText: boolean): AnswerBuilder {
  const start = body.search(/[^\s\ufeff]/)
  const first = body[start]
  if (first === '{' || first === '[') {
    const document = embeddingFrame(body) ?? parseJson(start === 0 ? body : body.slice(start))
    return document === undefined
      ? readStream(body, lineJson, hint, keepText)
      : readDocument(document, hint, keepText)
  }
  if (first !== undefined && isSse(body, start, hint)) return readStream(body, sseJson, hint, keepText)
  return readNothing(hint, keepText)
}

const sseStart = /^(?::|(?:data|event|id|retry)(?::|[\r\n]|$))/

function isSse(body: string, start: number, hint: AnswerHint): boolean {
  return (
    sseStart.test(body.slice(start, start + 8)) || (hint.contentType ?? '').startsWith('text/event-stream')
  )
}

function readNothing(hint: AnswerHint, keepText: boolean): AnswerBuilder {
  const builder = new AnswerBuilder(hint.stream ?? false, keepText)
  builder.api = hint.api ?? 'unknown'
  if (hint.status !== undefined && hint.status >= 400) builder.error = failureOf(hint.status, {})
  return builder
}

function readDocument(document: unknown, hint: AnswerHint, keepText: boolean): AnswerBuilder {
  // Gemini streams an array of responses when not asked for SSE, and wraps errors in one
  const documents = Array.isArray(document) ? document : [document]
  const stream = documents.length > 1 || /ndjson|event-stream/.test(hint.contentType ?? '')
  const builder = new AnswerBuilder(stream, keepText)
  const reader = new AnswerReader(builder, hint)
  for (const json of documents) if (isRecord(json)) reader.read(json, '')
  reader.finish(true)
  return builder
}

type EventsOf = (body: string, wanted?: Wanted) => Iterable<StreamEvent>

function readStream(body: string, eventsOf: EventsOf, hint: AnswerHint, keepText: boolean): AnswerBuilder {
  const builder = new AnswerBuilder(true, keepText)
  const reader = new AnswerReader(builder, hint)
  let done = false
  for (const event of eventsOf(body, keepText ? undefined : opening(builder, worthParsing(body)))) {
    if (event.kind === 'json') {
      reader.read(event.json, event.event)
    } else if (event.kind === 'done') {
      done = true
    } else {
      if (event.event === 'error') builder.error = { message: event.data.slice(0, maxMessageLength) }
      if (++builder.brokenEvents > maxBrokenEvents) break
    }
  }
  reader.finish(false)
  builder.ended ||= done
  return builder
}

function opening(builder: AnswerBuilder, wanted: Wanted): Wanted {
  let left = openingEvents
  return (from, to, event) => {
    if (left === 0 || (builder.model !== undefined && builder.hasChoices)) return wanted(from, to, event)
    left--
    return true
  }
}
