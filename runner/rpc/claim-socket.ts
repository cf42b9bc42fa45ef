import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { resolve } from 'node:path'

const WAIT_MS = 2_000
const TRY_EVERY_MS = 20

/**
 * Runs `work` while no other process of this machine does so for the same path: of two runners that start at once,
 * each could find the same stale socket file, and the slower one would delete what the quicker one has just made. The
 * claim is a socket in Linux's abstract namespace (unix(7)), which ends with its process, however that ends. Where
 * there is no such namespace, and after 2 s, `work` runs without a claim.
 */
export async function withClaim<T>(path: string, work: () => Promise<T>): Promise<T> {
  const claim = await take(`\0llm-runner:${createHash('sha256').update(resolve(path)).digest('hex')}`)
  try {
    return await work()
  } finally {
    claim?.close()
  }
}

async function take(name: string): Promise<Server | undefined> {
  for (const triedUntil = Date.now() + WAIT_MS; Date.now() < triedUntil; ) {
    const taken = await tryToListen(name)
    if (taken !== 'in use') return taken
    await new Promise((retry) => setTimeout(retry, TRY_EVERY_MS))
  }
  return undefined
}

function tryToListen(name: string): Promise<Server | 'in use' | undefined> {
  return new Promise((settle) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      settle(code === 'EADDRINUSE' ? 'in use' : undefined)
    })
    server.listen({ path: name }, () => settle(server))
  })
}
