export interface SseEvent {
  /** The event field, or the empty string. */
  event: string
  /** Its data lines. The standard joins them with newlines. */
  data: string[]
}

/** Tells from the place of an event's data in the body whether it is worth cutting out. */
export type Wanted = (from: number, to: number, event: string) => boolean

/**
 * The events of an SSE body, by the rules of https://html.spec.whatwg.org/multipage/server-sent-events.html, except
 * that an event cut off by the end of the body is given too: its data may be whole and only the blank line missing.
 * LF, CRLF and CR end lines; comments, ids and retry times are dropped. Linear; nothing is copied but wanted data.
 */
export function* sseEvents(body: string, wanted?: Wanted): Generator<SseEvent, void, undefined> {
  let event = ''
  let ranges: number[] = []
  for (const { from, to } of lines(body)) {
    if (from === to) {
      if (isWanted(ranges, event, wanted)) yield { event, data: cut(body, ranges) }
      event = ''
      if (ranges.length > 0) ranges = []
    } else if (isField(body, 'data', from, to)) {
      ranges.push(valueStart(body, from + 4, to), to)
    } else if (isField(body, 'event', from, to)) {
      event = body.slice(valueStart(body, from + 5, to), to)
    }
  }
  if (isWanted(ranges, event, wanted)) yield { event, data: cut(body, ranges) }
}

interface Line {
  from: number
  to: number
}

/**
 * The lines of a text without their ends, a run of empty ones as one. The same object is reused: read it before asking
 * for the next.
 */
export function* lines(body: string): Generator<Readonly<Line>, void, undefined> {
  const line: Line = { from: 0, to: 0 }
  const length = body.length
  let at = body.charCodeAt(0) === 0xfeff ? 1 : 0
  let lf = -1
  let cr = -1
  while (at < length) {
    if (lf < at) lf = nextOf(body, '\n', at)
    if (cr < at) cr = nextOf(body, '\r', at)
    line.from = at
    line.to = Math.min(lf, cr)
    at = cr + 1 === lf ? lf + 1 : line.to + 1
    if (line.from === line.to) while (isLineEnd(body, at)) at++
    yield line
  }
}

function isLineEnd(body: string, at: number): boolean {
  const code = body.charCodeAt(at)
  return code === 10 || code === 13
}

function nextOf(body: string, end: string, from: number): number {
  const found = body.indexOf(end, from)
  return found < 0 ? body.length : found
}

function isField(body: string, name: string, from: number, to: number): boolean {
  const end = from + name.length
  return body.startsWith(name, from) && (end === to || body[end] === ':')
}

function valueStart(body: string, colon: number, to: number): number {
  const start = colon + (body[colon + 1] === ' ' ? 2 : 1)
  return Math.min(start, to)
}

function isWanted(ranges: readonly number[], event: string, wanted: Wanted | undefined): boolean {
  const first = ranges[0]
  const last = ranges.at(-1)
  return first !== undefined && last !== undefined && (wanted === undefined || wanted(first, last, event))
}

function cut(body: string, ranges: readonly number[]): string[] {
  const data: string[] = []
  for (let i = 0; i < ranges.length; i += 2) data.push(body.slice(ranges[i], ranges[i + 1]))
  return data
}
