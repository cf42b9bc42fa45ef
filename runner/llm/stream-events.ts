import type { JsonRecord } from './json.ts'
import { isRecord, parseJson } from './json.ts'
import type { Wanted } from './sse.ts'
import { lines, sseEvents } from './sse.ts'

/** One event of a streamed answer; `broken` carries what was not JSON. */
export type StreamEvent =
  | { kind: 'json'; json: JsonRecord; event: string }
  | { kind: 'done' }
  | { kind: 'broken'; event: string; data: string }

const done: StreamEvent = { kind: 'done' }

/** The JSON events of an SSE body. */
export function* sseJson(body: string, wanted?: Wanted): Generator<StreamEvent, void, undefined> {
  for (const { event, data } of sseEvents(body, wanted)) {
    const whole = read(data.length === 1 ? (data[0] ?? '') : data.join('\n'), event)
    // some servers end events without a blank line: then each line is an event of its own
    if (whole.kind === 'broken' && data.length > 1) for (const line of data) yield read(line, event)
    else yield whole
  }
}

/** The objects of a body with one JSON object a line (NDJSON). */
export function* lineJson(body: string, wanted?: Wanted): Generator<StreamEvent, void, undefined> {
  for (const { from, to } of lines(body)) {
    if (from < to && (wanted === undefined || wanted(from, to, ''))) {
      const line = body.slice(from, to).trim()
      if (line !== '') yield read(line, '')
    }
  }
}

function read(data: string, event: string): StreamEvent {
  const text = data.trim()
  if (text === '[DONE]') return done
  // thrown syntax errors are slow: the usual cut line is told by its last character
  const json = text.startsWith('{') && text.endsWith('}') ? parseJson(text) : undefined
  return isRecord(json) ? { kind: 'json', json, event } : { kind: 'broken', event, data: text }
}
