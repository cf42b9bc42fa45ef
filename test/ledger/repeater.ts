import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Repeater {
  readonly url: string
  /** Posts that the runner got twice on purpose. */
  readonly repeated: number
  close(): Promise<void>
}

/**
 * Stands between http-logger and the runner: sends some posts twice, and takes back some acknowledgements, so that the
 * logger sends them again.
 */
export async function startRepeater(target: string, random: () => number): Promise<Repeater> {
  let repeated = 0
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const headers = { ...req.headers, 'content-length': String(body.length) }
    const dice = random()
    let status = await forward(target, headers, body)
    if (dice < 0.05) {
      repeated++
      status = await forward(target, headers, body)
    } else if (dice < 0.1 && status === 200) {
      repeated++
      status = 500
    }
    res.writeHead(status)
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/usage`,
    get repeated() {
      return repeated
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

function forward(target: string, headers: object, body: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const req = request(target, { method: 'POST', headers: { ...headers, connection: 'close' } }, (res) => {
      res.resume()
      res.on('end', () => resolve(res.statusCode ?? 502))
      res.on('error', () => resolve(502))
    })
    req.on('error', () => resolve(502))
    req.end(body)
  })
}
