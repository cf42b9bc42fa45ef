import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'

const TRY_EVERY_MS = 20

/** Something that one process of this machine has at a time. It ends with its process, however that ends. */
export interface Claim {
  release(): void
}

/**
 * Claims `subject` for this process, waiting at most `waitMs` for another one to let it go. The claim is a socket in
 * Linux's abstract namespace (unix(7)).
 * @returns undefined where there is no such namespace: nothing is claimed then.
 */
export async function claim(subject: string, waitMs: number): Promise<Claim | 'taken' | undefined> {
  const name = `\0llm-runner:${createHash('sha256').update(subject).digest('hex')}`
  for (const triedUntil = Date.now() + waitMs; ; ) {
    const server = await listenOn(name)
    if (server !== 'taken') return server && { release: () => server.close() }
    if (Date.now() >= triedUntil) return 'taken'
    await new Promise((retry) => setTimeout(retry, TRY_EVERY_MS))
  }
}

function listenOn(name: string): Promise<Server | 'taken' | undefined> {
  return new Promise((settle) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      settle(code === 'EADDRINUSE' ? 'taken' : undefined)
    })
    server.listen({ path: name }, () => settle(server.unref()))
  })
}
