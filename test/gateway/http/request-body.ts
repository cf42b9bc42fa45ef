import type { IncomingMessage } from 'node:http'

/** The client went away before its request was complete. */
export class ClientGoneError extends Error {}

const EMPTY = Buffer.alloc(0)

/**
 * Reads a whole request body; `client_max_body_size 0` in APISIX means no limit.
 * @throws ClientGoneError
 */
export function readRequestBody(req: IncomingMessage): Promise<Buffer> {
  const expected = req.headers['content-length']
  if (expected === undefined && req.headers['transfer-encoding'] === undefined) return Promise.resolve(EMPTY)
  if (expected === '0') return Promise.resolve(EMPTY)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const gone = () => reject(new ClientGoneError('the client closed the connection'))
    // It left before anybody read: no event would tell.
    if (req.destroyed) return gone()
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.once('end', () => {
      req.off('close', gone)
      resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks))
    })
    req.once('error', gone)
    req.once('close', gone)
  })
}
