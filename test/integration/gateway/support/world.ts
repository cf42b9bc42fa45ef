import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type Gateway, type GatewayOptions, startGateway } from '../../../gateway/gateway.ts'

/** Starts a gateway that the test stops. */
export async function gatewayFor(t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = await startGateway({ logError: (line) => t.diagnostic(line), ...options })
  t.after(() => gateway.close())
  return gateway
}

/** One call of the Admin API. */
export async function admin(
  gateway: Gateway,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${gateway.adminUrl}/apisix/admin/${path}`, {
    method,
    headers: { 'X-API-KEY': gateway.adminKey },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

/** Puts a resource and insists that it was accepted. */
export async function put(gateway: Gateway, path: string, body: unknown): Promise<void> {
  const answer = await admin(gateway, 'PUT', path, body)
  if (answer.status > 201) throw new Error(`PUT ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
}

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: string
  port: number
}

export interface FakeUpstream {
  readonly port: number
  readonly node: { host: string; port: number; weight: number }
  readonly seen: SeenRequest[]
  close(): Promise<void>
}

type OnRequest = (seen: SeenRequest, res: ServerResponse, req: IncomingMessage) => void

const echo: OnRequest = (seen, res) => {
  res.setHeader('Content-Type', 'application/json')
  res.end(JSON.stringify(seen))
}

/** An HTTP server that echoes requests, or does what the test says. */
export async function upstreamFor(t: TestContext, onRequest: OnRequest = echo): Promise<FakeUpstream> {
  const seen: SeenRequest[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const { port } = server.address() as AddressInfo
    const one: SeenRequest = {
      method: req.method ?? '',
      url: req.url ?? '',
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      body: Buffer.concat(chunks).toString('utf8'),
      port,
    }
    seen.push(one)
    onRequest(one, res, req)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(close)
  return { port, node: { host: '127.0.0.1', port, weight: 1 }, seen, close }
}

export type Entry = Record<string, unknown>

/** A receiver for http-logger that answers each post with the status the test wants. */
export async function logReceiverFor(t: TestContext, statusOf: (post: number) => number = () => 200) {
  let posts = 0
  const receiver = await upstreamFor(t, (_, res) => {
    posts += 1
    res.statusCode = statusOf(posts)
    res.end()
  })
  return {
    uri: `http://127.0.0.1:${receiver.port}/logs`,
    posts: receiver.seen,
    entries: () => receiver.seen.flatMap((one) => entriesIn(one.body)),
  }
}

function entriesIn(body: string): Entry[] {
  const value: unknown = JSON.parse(body)
  return Array.isArray(value) ? value : [value as Entry]
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  rawHeaders: string[]
  body: string
}

export interface Send {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string
}

/** Sends a request whose path reaches the gateway byte for byte. */
export function send(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body }: Send = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const req = request({ host: hostname, port, method, path, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          rawHeaders: res.rawHeaders,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

export const post = (
  base: string,
  path: string,
  body: string,
  headers: Record<string, string | string[]> = {},
) => send(base, path, { method: 'POST', body, headers })
