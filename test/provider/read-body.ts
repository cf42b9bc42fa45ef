import type { IncomingMessage } from 'node:http'

const maxBodyBytes = 64 * 1024 * 1024

/** The body as text. Rejects when the client leaves, or with RangeError past 64 MiB. */
export async function readBody(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length
    if (length > maxBodyBytes) throw new RangeError('request body too large')
    parts.push(part)
  }
  return (parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts)).toString('utf8')
}
