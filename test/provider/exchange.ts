import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Answer } from './answer.ts'
import { type Dialect, type Frame, frame } from './apis/dialect.ts'
import type { Behaviour } from './behaviour.ts'
import { BodyWriter } from './body-writer.ts'
import { apiError } from './errors.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'

type Point = 'before_headers' | 'after_headers' | number

/**
 * One answer on its way out. Obeys the behaviour and writes the bill: errors cost nothing, a JSON answer all of it
 * once its headers go out, a stream the prompt with the headers and each chunk as it is written.
 */
export class Exchange {
  readonly #res: ServerResponse
  readonly #ledger: Ledger
  readonly #entry: LedgerEntry
  readonly #behaviour: Behaviour

  constructor(res: ServerResponse, ledger: Ledger, entry: LedgerEntry, behaviour: Behaviour) {
    this.#res = res
    this.#ledger = ledger
    this.#entry = entry
    this.#behaviour = behaviour
    res.once('close', () => ledger.settle(entry, 'client_gone'))
  }

  /** Sends JSON or text in one piece. `answer` is what it costs the client. */
  async sendWhole(status: number, body: unknown, answer?: Answer): Promise<void> {
    const { body: scripted, gzip, cut, hang, bill } = this.#behaviour
    if (answer && bill === 'full') this.#bill(answer, answer.usage.completion)
    if (!(await this.#begin())) return
    const text = scripted ?? JSON.stringify(body)
    const bytes = gzip ? gzipSync(text) : Buffer.from(text)
    this.#writeHead(status, 'application/json', { 'content-length': bytes.length })
    if (answer) this.#bill(answer, answer.usage.completion)
    if (!(await this.#pass('after_headers'))) return
    if (typeof cut === 'number' || typeof hang === 'number') {
      const half = bytes.subarray(0, bytes.length >> 1)
      this.#entry.bytesSent += half.length
      this.#res.write(half)
      if (typeof cut === 'number') await this.#cut()
      return
    }
    this.#entry.bytesSent += bytes.length
    this.#ledger.settle(this.#entry, 'finished')
    this.#res.end(bytes)
  }

  async sendStream(dialect: Dialect, answer: Answer, includeUsage: boolean): Promise<void> {
    const behaviour = this.#behaviour
    const entry = this.#entry
    if (behaviour.bill === 'full') this.#bill(answer, answer.usage.completion)
    if (!(await this.#begin())) return
    this.#writeHead(behaviour.status ?? 200, dialect.streamType, { 'cache-control': 'no-cache' })
    this.#bill(answer, 0)
    if (!(await this.#pass('after_headers'))) return
    await this.#pause(behaviour.first_chunk_delay_ms)
    const writer = new BodyWriter(this.#res, behaviour.gzip === true, (bytes) => {
      entry.bytesSent += bytes
    })
    const write = (frame: Frame) => writer.write(wireText(frame, dialect, behaviour))
    let completion = answer.usage.reasoning
    for (const frame of dialect.frames(answer, includeUsage)) {
      if (frame.chunk) {
        if (!(await this.#pass(entry.chunksSent))) return
        if (entry.chunksSent === behaviour.error_after) {
          await write(dialect.errorFrame(apiError(500, behaviour)))
          break
        }
        if (entry.chunksSent === behaviour.bad_line_after) await write(brokenFrame(frame))
        if (entry.chunksSent > 0) await this.#pause(behaviour.chunk_delay_ms)
        if (behaviour.comments)
          await (dialect.ping ? write(dialect.ping) : writer.write(comment(dialect, behaviour)))
      }
      if (this.#gone) return
      if (frame.chunk) {
        completion += frame.tokens
        entry.chunksSent++
        this.#bill(answer, completion)
      }
      await write(frame)
    }
    if (!(await this.#pass(entry.chunksSent))) return
    this.#ledger.settle(entry, 'finished')
    await writer.end()
  }

  get #gone(): boolean {
    return this.#res.destroyed || this.#res.closed
  }

  /** Waits, then tells whether the headers may go out. */
  async #begin(): Promise<boolean> {
    await this.#pause(this.#behaviour.delay_ms)
    return this.#pass('before_headers')
  }

  /** False when the answer ends at this point: it is cut, it hangs, or the client has left. */
  async #pass(point: Point): Promise<boolean> {
    if (this.#gone) return false
    const { hang, cut } = this.#behaviour
    if (hang !== point && cut !== point) return true
    if (point === 'after_headers') this.#res.flushHeaders()
    if (cut === point) await this.#cut()
    return false
  }

  /** Closes the connection once all that was written is on its way. */
  async #cut(): Promise<void> {
    const socket = this.#res.socket
    this.#ledger.settle(this.#entry, 'cut')
    if (!socket || socket.destroyed) return
    await new Promise<void>((resolve) => socket.write('', () => resolve()))
    if (this.#behaviour.reset) socket.resetAndDestroy()
    else socket.destroy()
  }

  #pause(ms: number | undefined): Promise<void> | void {
    if (!ms || this.#gone) return
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#res.off('close', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#res.on('close', done)
    })
  }

  #writeHead(status: number, contentType: string, more: Record<string, string | number>): void {
    const { content_type, retry_after, gzip, headers } = this.#behaviour
    this.#entry.status = status
    const all: OutgoingHttpHeaders = {
      'content-type': content_type ?? contentType,
      'x-request-id': `req_${this.#entry.id}`,
      ...more,
      ...(retry_after === undefined ? {} : { 'retry-after': String(retry_after) }),
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      ...headers,
    }
    this.#res.writeHead(status, all)
  }

  #bill({ usage }: Answer, completion: number): void {
    const entry = this.#entry
    entry.promptTokens = usage.prompt
    entry.cachedTokens = usage.cached
    entry.completionTokens = this.#behaviour.bill === 'full' ? usage.completion : completion
    entry.totalTokens = entry.promptTokens + entry.completionTokens
  }
}

function wireText({ event, data }: Frame, dialect: Dialect, behaviour: Behaviour): string {
  const lineEnd = lineEndOf(behaviour)
  if (dialect.streamType === 'application/x-ndjson') return data + lineEnd
  const name = event === undefined ? '' : `event: ${event}${lineEnd}`
  return `${name}data: ${data}${lineEnd}${lineEnd}`
}

function comment(dialect: Dialect, behaviour: Behaviour): string {
  const lineEnd = lineEndOf(behaviour)
  return dialect.streamType === 'text/event-stream' ? `: keep-alive${lineEnd}${lineEnd}` : ''
}

function lineEndOf({ line_end }: Behaviour): string {
  return line_end === 'crlf' ? '\r\n' : '\n'
}

function brokenFrame({ data, event }: Frame): Frame {
  return frame(data.slice(0, data.length >> 1), event)
}
