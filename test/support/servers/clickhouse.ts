import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { answersHttp, freshDir, installed, notOurs, ServerProcess } from './server-process.ts'

export interface ClickHouseOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** Of the user `default`. */
  password?: string
}

export interface ClickHouseServer {
  /** Of the HTTP interface: `http://127.0.0.1:21234`. */
  url: string
  port: number
  /** Runs one statement and gives the answer's text. Rejects with ClickHouse's message. */
  query(sql: string, params?: Record<string, string>): Promise<string>
  /** Ends the server and removes its data. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, on the same port and data; first ends it if it runs. */
  restart(): Promise<void>
}

/**
 * Starts the ClickHouse engine behind its HTTP interface. Called without options it takes the server named by
 * `TEST_CLICKHOUSE_URL` instead, if that is set.
 */
export async function startClickHouse(options?: ClickHouseOptions): Promise<ClickHouseServer> {
  const given = process.env.TEST_CLICKHOUSE_URL
  if (given && !options) return external(given)
  const { password = '' } = options ?? {}
  const port = options?.port ?? (await freePort())
  const dir = freshDir('clickhouse')
  const script = fileURLToPath(new URL('clickhouse_http.py', import.meta.url))
  const server = new ServerProcess({
    name: 'clickhouse',
    command: installed('venv/bin/python'),
    args: [script, '--port', String(port), '--path', join(dir, 'data'), '--password', password],
    env: { TZ: 'UTC' },
    dir,
    isReady: () => answersHttp(`http://127.0.0.1:${port}/ping`),
    readyTimeoutMs: 120_000,
  })
  await server.start()
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    port,
    query: (sql, params) => query(url, password, sql, params),
    stop: () => server.remove(),
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      await server.start()
    },
  }
}

function external(given: string): ClickHouseServer {
  const refuse = notOurs('TEST_CLICKHOUSE_URL')
  const { origin, port, password } = new URL(given)
  return {
    url: origin,
    port: Number(port || 8123),
    query: (sql, params) => query(origin, decodeURIComponent(password), sql, params),
    stop: async () => {},
    kill: refuse,
    restart: refuse,
  }
}

async function query(
  url: string,
  password: string,
  sql: string,
  params: Record<string, string> = {},
): Promise<string> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) search.set(`param_${name}`, value)
  const headers = { 'x-clickhouse-user': 'default', 'x-clickhouse-key': password }
  const response = await fetch(`${url}/?${search}`, { method: 'POST', body: sql, headers })
  const text = await response.text()
  if (!response.ok) throw new Error(text.trim())
  return text
}
