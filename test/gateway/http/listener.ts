import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SecureContext } from 'node:tls'
import { type ListenerInfo, RequestContext } from '../context.ts'
import type { ListenOptions } from '../options.ts'
import type { Runtime } from '../runtime.ts'
import { errorPage, SERVER } from './pages.ts'
import { handleRequest } from './phases.ts'
import { parseTarget } from './uri.ts'

export interface Listener {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** Requests whose log phase has not run yet. */
  readonly active: () => number
  close(): Promise<void>
}

export type FindCertificate = (serverName: string) => SecureContext | undefined

/** Opens one port of the data plane. */
export async function listen(
  runtime: Runtime,
  options: ListenOptions,
  findCertificate: FindCertificate,
): Promise<Listener> {
  const host = options.host ?? '127.0.0.1'
  let info: ListenerInfo | undefined
  let active = 0
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const target = parseTarget(req.url ?? '/')
    if (target === undefined || info === undefined) {
      refuse(res)
      return
    }
    active += 1
    const ctx = new RequestContext(runtime, runtime.snapshot(), req, res, info, target)
    void handleRequest(ctx).finally(() => {
      active -= 1
    })
  }
  const server = options.tls === true ? secureServer(onRequest, findCertificate) : createServer(onRequest)
  server.keepAliveTimeout = 60_000
  server.headersTimeout = 60_000
  server.requestTimeout = 0
  server.on('connection', (socket) => socket.setNoDelay(true))
  const port = await bind(server, options.port, host)
  info = { scheme: options.tls === true ? 'https' : 'http', port: String(port), address: host }
  return {
    host,
    port,
    tls: options.tls === true,
    active: () => active,
    close: () => closeServer(server),
  }
}

/** The certificate comes from the `ssls` objects by SNI; without a match the handshake fails. */
function secureServer(
  onRequest: (req: IncomingMessage, res: ServerResponse) => void,
  findCertificate: FindCertificate,
): Server {
  return createSecureServer(
    {
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        const found = findCertificate(name)
        if (found === undefined) done(new Error(`failed to match any SSL certificate by SNI: ${name}`))
        else done(null, found)
      },
    },
    onRequest,
  )
}

function refuse(res: ServerResponse): void {
  const body = errorPage(400) ?? ''
  res.writeHead(400, { Server: SERVER, 'Content-Type': 'text/html; charset=utf-8', Connection: 'close' })
  res.end(body)
}

export async function bind(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
