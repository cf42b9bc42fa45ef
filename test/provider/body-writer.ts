import type { ServerResponse } from 'node:http'
import { createGzip, type Gzip, constants as zlib } from 'node:zlib'

/** Writes a streamed body, gzipped if asked, each write flushed by itself; counts what goes to the connection. */
export class BodyWriter {
  readonly #res: ServerResponse
  readonly #gzip: Gzip | undefined
  readonly #count: (bytes: number) => void

  constructor(res: ServerResponse, gzip: boolean, count: (bytes: number) => void) {
    this.#res = res
    this.#count = count
    this.#gzip = gzip ? createGzip() : undefined
    this.#gzip?.on('data', (part: Buffer) => this.#send(part))
  }

  /** Nothing, or a promise when the caller has to wait for room. */
  write(data: string): Promise<void> | void {
    const gzip = this.#gzip
    if (!gzip) return this.#send(data) ? undefined : this.#drained()
    gzip.write(data)
    return new Promise((resolve) => gzip.flush(zlib.Z_SYNC_FLUSH, resolve))
  }

  async end(): Promise<void> {
    const gzip = this.#gzip
    if (gzip) await new Promise((resolve) => gzip.once('end', resolve).end())
    if (!this.#res.destroyed) this.#res.end()
  }

  #send(data: string | Buffer): boolean {
    if (this.#res.destroyed) return true
    this.#count(Buffer.byteLength(data))
    return this.#res.write(data)
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#res.off('drain', done).off('close', done)
        resolve()
      }
      this.#res.on('drain', done).on('close', done)
    })
  }
}
