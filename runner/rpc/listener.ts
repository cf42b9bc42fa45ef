import { chmod, chown, lstat, readFile, stat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { RunnerError, toRunnerError } from '../errors.ts'
import { claim } from '../services/claim.ts'

export interface ListenOptions {
  /** Absolute path; `unix:` in front, as in APISIX_LISTEN_ADDRESS, is allowed. */
  readonly address: string
  /** Of the socket file, e.g. 0o666: APISIX's workers usually run as `nobody`. */
  readonly mode: number
  /** Name or number; undefined leaves the group as it is. */
  readonly group: string | undefined
}

/** sockaddr_un holds 108 bytes, the last one zero. */
const MAX_SOCKET_PATH_BYTES = 107
const CLAIM_WAIT_MS = 2_000

/**
 * Opens the Unix socket. A stale socket file is replaced, a live one never.
 * @throws RunnerError LISTEN_FAILED
 */
export async function listen(
  options: ListenOptions,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  const path = socketPath(options.address)
  try {
    // Of two runners that start at once each could find the same stale file, and the slower one would delete what the
    // quicker one has just made. Whoever waits in vain tries without the claim.
    const own = await claim(path, CLAIM_WAIT_MS)
    try {
      await requireFolder(path)
      await removeStale(path)
      return await open(path, options, onConnection)
    } finally {
      if (own !== 'taken') own?.release()
    }
  } catch (error) {
    throw toRunnerError(error, 'LISTEN_FAILED', `cannot listen on ${path}`)
  }
}

async function open(
  path: string,
  { mode, group }: ListenOptions,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  // `pauseOnConnect`: no byte may be read before the connection is with the worker that answers it.
  const server = createServer({ pauseOnConnect: true }, onConnection)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path }, resolve)
  })
  try {
    await chmod(path, mode)
    if (group !== undefined) await chown(path, process.getuid?.() ?? 0, await groupId(group))
    return server
  } catch (error) {
    server.close()
    throw error
  }
}

export function socketPath(address: string): string {
  const path = address.replace(/^unix:/, '')
  if (!path.startsWith('/')) throw new RunnerError('LISTEN_FAILED', `socket path "${path}" is not absolute`)
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new RunnerError(
      'LISTEN_FAILED',
      `socket path "${path}" is longer than ${MAX_SOCKET_PATH_BYTES} bytes`,
    )
  }
  return path
}

/** Listening in a folder that is missing fails as if it were forbidden. */
async function requireFolder(path: string): Promise<void> {
  const folder = dirname(path)
  const stats = await stat(folder).catch(() => undefined)
  if (stats?.isDirectory()) return
  throw new RunnerError('LISTEN_FAILED', `cannot listen on ${path}: there is no folder ${folder}`)
}

async function removeStale(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (!stats) return
  if (!stats.isSocket()) throw new RunnerError('LISTEN_FAILED', `${path} exists and is not a socket`)
  if (await answers(path)) throw new RunnerError('LISTEN_FAILED', `another process is listening on ${path}`)
  await unlink(path).catch(() => {})
}

/** Only a refusal proves that nobody listens: a busy server's backlog is full, another user's socket is forbidden. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
    })
  })
}

async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group)
  const line = (await readFile('/etc/group', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith(`${group}:`))
  const id = line?.split(':')[2]
  if (!id) throw new RunnerError('LISTEN_FAILED', `group "${group}" does not exist`)
  return Number(id)
}
