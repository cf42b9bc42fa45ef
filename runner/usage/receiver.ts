import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RunnerError, toRunnerError } from '../errors.ts'
import type { Log } from '../services/index.ts'
import { within } from '../services/within.ts'
import { type AdminDesk, readAdminBody } from './admin-desk.ts'
import type { Digester } from './digester.ts'
import type { Intake } from './intake.ts'

export interface ReceiverOptions {
  readonly host: string
  readonly port: number
  /** What http-logger sends as `Authorization`; undefined: anybody who reaches the port may post. */
  readonly authHeader: string | undefined
  /** What operators send as `X-API-KEY` for `/plugins/...`; undefined: whoever reaches the port may call. */
  readonly adminKey: string | undefined
  readonly maxPostBytes: number
  readonly maxWaitingBytes: number
  readonly postDeadlineMs: number
}

export interface ReceiverParts {
  readonly digester: Digester
  readonly intake: Intake
  readonly admin: AdminDesk
  readonly log: Log
  /** The text and content type of the metrics page. */
  metricsPage(): Promise<{ contentType: string; text: string }>
  /** undefined: ready. Otherwise what is missing. */
  notReady(): string | undefined
  report(result: PostResult, bytes: number): void
}

export type PostResult = 'accepted' | 'unauthorized' | 'too_large' | 'full' | 'failed'

/**
 * The HTTP server for APISIX's http-logger (`POST /usage`), Prometheus (`GET /metrics`) and health checks
 * (`GET /healthz`, `/readyz`), and the plugins' own paths for operators (`/plugins/<name>/...`). A post's 200 means
 * that every entry of the post is safe to forget for APISIX, or counted as unreadable; with 503 APISIX sends the batch
 * again.
 */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #parts: ReceiverParts
  readonly #server: Server
  #waitingBytes = 0

  constructor(options: ReceiverOptions, parts: ReceiverParts) {
    this.#options = options
    this.#parts = parts
    this.#server = createServer(
      {
        requestTimeout: options.postDeadlineMs,
        headersTimeout: Math.min(10_000, options.postDeadlineMs),
        connectionsCheckingInterval: Math.min(5_000, options.postDeadlineMs),
      },
      (request, response) => void this.#handle(request, response),
    )
  }

  /** @returns the port. @throws RunnerError LISTEN_FAILED */
  async listen(): Promise<number> {
    const { host, port } = this.#options
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(port, host, resolve)
      })
    } catch (error) {
      throw toRunnerError(error, 'LISTEN_FAILED', `cannot listen on ${host}:${port}`)
    }
    return (this.#server.address() as AddressInfo).port
  }

  /** Lets open posts finish. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0]
    try {
      if (request.method === 'POST' && path === '/usage') await this.#post(request, response)
      else if (request.method === 'GET' && path === '/metrics') await this.#metrics(response)
      else if (request.method === 'GET' && path === '/healthz') respond(response, 200, { status: 'ok' })
      else if (request.method === 'GET' && path === '/readyz') this.#readyz(response)
      else if (path?.startsWith('/plugins/')) await this.#admin(request, response)
      else
        respond(response, 404, {
          error: 'there are POST /usage, GET /metrics, /healthz, /readyz and /plugins/<name>/...',
        })
    } catch (cause) {
      const error = toRunnerError(cause, 'STORE_UNAVAILABLE', `${request.method} ${path}`)
      const { status } = error.kind
      if (status >= 500) this.#parts.log.error({ err: error }, 'http')
      if (response.headersSent) response.destroy()
      else respond(response, status, { error: status >= 500 ? 'not now' : error.message })
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (result: PostResult, status: number, error: string) => {
      this.#parts.report(result, 0)
      // The rest of the body is not wanted; without this the connection would carry it on.
      response.setHeader('connection', 'close')
      respond(response, status, { error })
    }
    if (!this.#authorized(request)) return refuse('unauthorized', 401, 'wrong or missing Authorization')
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > this.#options.maxPostBytes) return refuse('too_large', 413, 'post too large')
    if (this.#waitingBytes > 0 && this.#waitingBytes + announced > this.#options.maxWaitingBytes) {
      response.setHeader('retry-after', '1')
      return refuse('full', 503, 'too many posts are being worked on')
    }
    // What is announced counts from the start: many posts at once must not each find room for themselves.
    let reserved = announced
    this.#waitingBytes += announced
    const work = this.#commit(request, (total) => {
      const more = total - reserved
      if (more <= 0) return
      if (this.#waitingBytes > reserved && this.#waitingBytes + more > this.#options.maxWaitingBytes) {
        throw new RunnerError('STORE_UNAVAILABLE', 'too many posts are being worked on')
      }
      reserved += more
      this.#waitingBytes += more
    }).finally(() => {
      this.#waitingBytes -= reserved
    })
    try {
      const { postDeadlineMs } = this.#options
      // A commit that is late may still succeed; APISIX then sends again what the ledger knows.
      const bytes = await within(work, postDeadlineMs, () => {
        return new RunnerError('DEADLINE_EXCEEDED', `usage post took longer than ${postDeadlineMs} ms`)
      })
      this.#parts.report('accepted', bytes)
      respond(response, 200, { status: 'ok' })
    } catch (cause) {
      const error = toRunnerError(cause, 'STORE_UNAVAILABLE', 'usage post')
      if (error.code === 'BODY_TOO_LARGE') return refuse('too_large', 413, 'post too large')
      if (error.code !== 'PEER_GONE') this.#parts.log.error({ err: error }, 'usage post was not committed')
      refuse('failed', 503, 'not committed, send it again')
      // A body that is still being read: nobody waits for the rest of it.
      if (error.code === 'DEADLINE_EXCEEDED') response.once('finish', () => request.destroy())
    }
  }

  /** @returns the bytes of the post. */
  async #commit(request: IncomingMessage, onTotal: (bytes: number) => void): Promise<number> {
    const post = await this.#read(request, onTotal)
    await this.#parts.intake.take(await this.#parts.digester.digest(post))
    return post.length
  }

  async #read(request: IncomingMessage, onTotal: (bytes: number) => void): Promise<Buffer> {
    const chunks: Buffer[] = []
    let total = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        total += chunk.length
        if (total > this.#options.maxPostBytes) {
          throw new RunnerError('BODY_TOO_LARGE', `post is over ${this.#options.maxPostBytes} bytes`)
        }
        onTotal(total)
        chunks.push(chunk)
      }
    } catch (cause) {
      throw toRunnerError(cause, 'PEER_GONE', 'usage post')
    }
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, total)
  }

  #authorized(request: IncomingMessage): boolean {
    const { authHeader } = this.#options
    return authHeader === undefined || sameSecret(request.headers.authorization ?? '', authHeader)
  }

  async #metrics(response: ServerResponse): Promise<void> {
    const { contentType, text } = await this.#parts.metricsPage()
    response.writeHead(200, { 'content-type': contentType })
    response.end(text)
  }

  async #admin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { adminKey } = this.#options
    if (adminKey !== undefined && !sameSecret(String(request.headers['x-api-key'] ?? ''), adminKey)) {
      respond(response, 401, { error: 'wrong or missing X-API-KEY' })
      return
    }
    const url = new URL(request.url ?? '/', 'http://runner')
    const { status, json } = await this.#parts.admin.answer(request.method, url, await readAdminBody(request))
    respond(response, status, json)
  }

  #readyz(response: ServerResponse): void {
    const missing = this.#parts.notReady()
    respond(
      response,
      missing === undefined ? 200 : 503,
      missing === undefined ? { status: 'ready' } : { missing },
    )
  }
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
