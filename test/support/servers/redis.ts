import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { freshDir, installed, notOurs, ServerProcess } from './server-process.ts'

export interface RedisOptions {
  /** Default: a free one, kept over restarts. */
  port?: number
  /** Every write is on disk before it is answered; data survives `kill()` and `restart()`. */
  appendonly?: boolean
  password?: string
  /** More arguments for redis-server, such as `['--maxmemory', '50mb']`. */
  args?: string[]
}

export interface RedisServer {
  url: string
  port: number
  /** Ends the server and removes its data. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, on the same port and data; first ends it if it runs. */
  restart(): Promise<void>
  /** Drops all keys and all search indexes. */
  flush(): Promise<void>
}

/**
 * Starts Redis with RediSearch and RedisJSON. Called without options it takes the server named by `TEST_REDIS_URL`
 * instead, if that is set.
 */
export async function startRedis(options?: RedisOptions): Promise<RedisServer> {
  const given = process.env.TEST_REDIS_URL
  if (given && !options) return external(given)
  const { appendonly = false, password, args = [] } = options ?? {}
  const port = options?.port ?? (await freePort())
  const home = installed('redis-stack')
  const dir = freshDir('redis')
  const server = new ServerProcess({
    name: 'redis',
    command: join(home, 'bin/redis-server'),
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
      ...['--appendonly', appendonly ? 'yes' : 'no', '--appendfsync', 'always'],
      ...['--loadmodule', join(home, 'lib/redisearch.so'), '--loadmodule', join(home, 'lib/rejson.so')],
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ],
    env: { LD_LIBRARY_PATH: join(home, '../openssl11') },
    dir,
    isReady: () => answers(port),
    readyTimeoutMs: 120_000,
  })
  await server.start()
  const auth = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  const url = `redis://${auth}127.0.0.1:${port}`
  return {
    url,
    port,
    stop: () => server.remove(),
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      await server.start()
    },
    flush: () => flush(url),
  }
}

function external(url: string): RedisServer {
  const refuse = notOurs('TEST_REDIS_URL')
  const port = Number(new URL(url).port || 6379)
  return { url, port, stop: async () => {}, kill: refuse, restart: refuse, flush: () => flush(url) }
}

/** A machine that is busy with other things may stand still for a while. */
const ANSWER_DEADLINE_MS = 30_000

/** Any answer but LOADING counts: a password or a module may still stand in the way of a PONG. */
async function answers(port: number): Promise<boolean> {
  const reply = await send({ host: '127.0.0.1', port }, ['PING']).catch(() => '-LOADING')
  return !reply.startsWith('-LOADING')
}

async function flush(url: string): Promise<void> {
  const { hostname: host, port, password } = new URL(url)
  const login = password === '' ? [] : [`AUTH ${decodeURIComponent(password)}`]
  const reply = await send({ host, port: Number(port || 6379) }, [...login, 'FLUSHALL SYNC'])
  if (reply.includes('-')) throw new Error(`FLUSHALL failed: ${reply}`)
}

/** Sends inline commands on a connection of its own and gives the first line of each reply. */
async function send(address: { host: string; port: number }, commands: string[]): Promise<string> {
  const socket = connect(address)
  socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy(new Error('no answer')))
  try {
    await once(socket, 'connect')
    let reply = ''
    for (const command of commands) {
      socket.write(`${command}\r\n`)
      const [data] = (await once(socket, 'data')) as [Buffer]
      reply += data.toString()
    }
    return reply
  } finally {
    socket.destroy()
  }
}
