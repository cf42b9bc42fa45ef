import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { answerAdmin } from './admin.ts'
import type { Desk } from './desk.ts'
import { handleCall } from './handle-call.ts'
import { Ledger } from './ledger.ts'
import { Script, type ScriptUpdate } from './script.ts'

export interface ProviderOptions {
  /** Stands in answers, ids and the ledger; `only.provider` of a behaviour matches it. Default `openai`. */
  name?: string
  /** Default 0: any free port. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /** PEM; makes it https. */
  tls?: { cert: string; key: string }
  /** Calls without this key get 401. */
  requireKey?: string
  /** Of the generator behind `odds`. Default 1. */
  seed?: number
  /** How many calls the ledger holds; its totals cover all. Default 10,000. */
  ledgerSize?: number
  /** What `GET .../models` lists. */
  models?: string[]
  /** The script at the start. */
  script?: ScriptUpdate
  /** The clock behind `created` and the ledger's times, in Unix milliseconds. */
  now?: () => number
}

export interface Provider {
  name: string
  /** Without a path: `http://127.0.0.1:40123`. */
  url: string
  port: number
  ledger: Ledger
  /** Replaces the queue, the default behaviour, or both. Throws TypeError when one is not well-formed. */
  script(update: ScriptUpdate): void
  /** Drops the queue and the default behaviour. */
  resetScript(): void
  /** Ends all connections, hanging ones included. */
  close(): Promise<void>
}

const defaultModels = ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', 'claude-sonnet-4-5', 'qwen-plus']

/** Starts a server that plays an LLM provider. Rejects when the port cannot be had. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const name = options.name ?? 'openai'
  const desk: Desk = {
    name,
    requireKey: options.requireKey,
    models: options.models ?? defaultModels,
    ledger: new Ledger(options.ledgerSize ?? 10_000),
    script: new Script(name, options.seed ?? 1),
    now: options.now ?? Date.now,
    serial: 0,
  }
  desk.script.update(options.script ?? {})
  const listener = (req: IncomingMessage, res: ServerResponse) => route(desk, req, res)
  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener)
  // A proxy that keeps connections for 60 s must not meet one that closes at the same moment.
  server.keepAliveTimeout = 75_000
  const host = options.host ?? '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    name,
    url: `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    ledger: desk.ledger,
    script: (update) => desk.script.update(update),
    resetScript: () => desk.script.reset(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function route(desk: Desk, req: IncomingMessage, res: ServerResponse): void {
  const answered = req.url?.startsWith('/__') ? answerAdmin(desk, req, res) : handleCall(desk, req, res)
  answered.catch((error) => {
    console.error(`provider ${desk.name}: ${error instanceof Error ? error.stack : String(error)}`)
    res.destroy()
  })
}
