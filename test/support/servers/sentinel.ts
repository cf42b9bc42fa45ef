import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../free-port.ts'
import { freshDir, installed, ServerProcess } from './server-process.ts'

export interface Sentinel {
  readonly port: number
  readonly name: string
  /** Settles when it knows of so many replicas that are up. */
  untilReplicas(count: number): Promise<void>
  stop(): Promise<void>
}

/** One Redis Sentinel that watches a master and promotes a replica after half a second of silence. */
export async function startSentinel(master: { port: number; password?: string }): Promise<Sentinel> {
  const name = 'mymaster'
  const port = await freePort()
  const home = installed('redis-stack')
  const dir = freshDir('sentinel')
  const conf = join(dir, 'sentinel.conf')
  writeFileSync(
    conf,
    [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`],
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      ...(master.password === undefined ? [] : [`sentinel auth-pass ${name} ${master.password}`]),
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 3000`,
    ].join('\n'),
  )
  const server = new ServerProcess({
    name: 'sentinel',
    command: join(home, 'bin/redis-server'),
    args: [conf, '--sentinel'],
    env: { LD_LIBRARY_PATH: join(home, '../openssl11') },
    dir,
    isReady: (log) => log.includes('+monitor'),
    readyTimeoutMs: 120_000,
  })
  await server.start()
  return {
    port,
    name,
    untilReplicas: async (count) => {
      const client = new Redis({ port, host: '127.0.0.1' })
      try {
        for (let tries = 0; tries < 600; tries++) {
          const replicas = (await client.call('SENTINEL', 'REPLICAS', name)) as string[][]
          const up = replicas.filter((one) => one[one.indexOf('master-link-status') + 1] === 'ok')
          if (up.length >= count) return
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        throw new Error('Sentinel sees no replica')
      } finally {
        client.disconnect()
      }
    },
    stop: () => server.remove(),
  }
}
