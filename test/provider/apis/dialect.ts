import type { Answer } from '../answer.ts'

/** One message of a stream. `chunk` marks those that carry a piece of the answer; they are counted and billed. */
export interface Frame {
  event?: string
  data: string
  tokens: number
  chunk: boolean
}

/** How one API writes an answer. */
export interface Dialect {
  streamType: 'text/event-stream' | 'application/x-ndjson'
  whole(answer: Answer): unknown
  frames(answer: Answer, includeUsage: boolean): Iterable<Frame>
  error(error: ApiError): unknown
  /** An error in mid-stream, where the status can no longer tell. */
  errorFrame(error: ApiError): Frame
  /** Sent between chunks by `comments`: a raw SSE comment if absent. */
  ping?: Frame
}

export interface ApiError {
  status: number
  message: string
  type: string
  code: string | null
}

/** A frame that carries no answer text. */
export function frame(data: unknown, event?: string): Frame {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return event === undefined
    ? { data: text, tokens: 0, chunk: false }
    : { event, data: text, tokens: 0, chunk: false }
}

export function chunkFrame(data: unknown, tokens: number, event?: string): Frame {
  return { ...frame(data, event), tokens, chunk: true }
}
