import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HttpLoggerConf } from '../plugins/http-logger.ts'
import { BatchProcessor } from './batch-processor.ts'
import type { LogEntry } from './log-entry.ts'

/** All batch processors of http-logger: one per distinct conf, whatever route it stands on. */
export class LogSender {
  readonly #processors = new Map<string, BatchProcessor>()
  readonly #logError: (line: string) => void

  constructor(logError: (line: string) => void) {
    this.#logError = logError
  }

  push(confVersion: string, conf: HttpLoggerConf, entry: LogEntry): void {
    let processor = this.#processors.get(confVersion)
    if (processor === undefined) {
      processor = new BatchProcessor(
        conf,
        (entries) => post(conf, encodeBatch(conf, entries)),
        this.#logError,
      )
      this.#processors.set(confVersion, processor)
    }
    processor.push(entry)
  }

  /** Sends everything at once and waits for the answers, retries included. */
  async drain(): Promise<void> {
    await Promise.all([...this.#processors.values()].map((processor) => processor.drain()))
  }

  close(): void {
    for (const processor of this.#processors.values()) processor.close()
  }
}

/** One object for `batch_max_size: 1`, else an array or lines. Binary strings become the bytes they stand for. */
export function encodeBatch(
  conf: Pick<HttpLoggerConf, 'batch_max_size' | 'concat_method'>,
  entries: readonly LogEntry[],
): Buffer {
  let text: string
  if (conf.batch_max_size === 1) text = JSON.stringify(entries[0])
  else if (conf.concat_method === 'json') text = JSON.stringify(entries)
  else text = entries.map((entry) => JSON.stringify(entry)).join('\n')
  return Buffer.from(text, 'latin1')
}

/** `send_http_data`: a connection of its own; any answer of 400 and above is a failure. */
function post(conf: HttpLoggerConf, body: Buffer): Promise<void> {
  const url = new URL(conf.uri)
  const headers: Record<string, string | number> = {
    Host: url.hostname,
    'Content-Type': conf.concat_method === 'json' ? 'application/json' : 'text/plain',
    'Content-Length': body.length,
  }
  if (conf.auth_header !== undefined) headers.Authorization = conf.auth_header
  const options = { method: 'POST', headers, agent: false as const, timeout: conf.timeout * 1000 }
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: conf.ssl_verify })
        : httpRequest(url, options)
    request.once('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', (error) => reject(new Error(`failed to send to ${conf.uri}: ${error.message}`)))
    request.once('response', (response) => {
      response.resume()
      response.on('error', () => {})
      const status = response.statusCode ?? 0
      if (status >= 400) reject(new Error(`server returned status code[${status}]`))
      else resolve()
    })
    request.end(body)
  })
}
