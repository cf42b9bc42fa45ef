import { Worker } from 'node:worker_threads'
import { RunnerError } from '../errors.ts'
import { type Digest, digestPost } from './digest.ts'

/** Below this a post is digested in place: the way to the thread and back costs more than it saves. */
const INLINE_BYTES = 128 * 1024

/** Digests posts; big ones in a worker thread, so that parsing 16 MB of bodies does not hold the event loop. */
export class Digester {
  #thread: Worker | undefined
  #open = new Map<number, { resolve(digest: Digest): void; reject(error: Error): void }>()
  #posts = 0

  async digest(post: Buffer): Promise<Digest> {
    if (post.length <= INLINE_BYTES) return digestPost(post)
    const thread = this.#start()
    const id = ++this.#posts
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      thread.postMessage({ id, post })
    })
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    if (this.#thread) return this.#thread
    const thread = startThread()
    thread.unref()
    thread.on('message', ({ id, digest, error }: { id: number; digest?: Digest; error?: string }) => {
      const waiting = this.#open.get(id)
      this.#open.delete(id)
      if (digest) waiting?.resolve(digest)
      else waiting?.reject(new RunnerError('LOG_ENTRY_INVALID', `digesting a post: ${error}`))
    })
    const lost = (reason: string) => {
      if (this.#thread === thread) this.#thread = undefined
      for (const { reject } of this.#open.values()) {
        reject(new RunnerError('STORE_UNAVAILABLE', `the digesting thread is gone: ${reason}`))
      }
      this.#open.clear()
    }
    thread.on('error', (error) => lost(error.message))
    thread.on('exit', (code) => lost(`exit ${code}`))
    this.#thread = thread
    return thread
  }
}

/** From source (tests, development) the thread needs the same TypeScript loader as this process. */
function startThread(): Worker {
  const fromSource = import.meta.url.endsWith('.ts')
  if (!fromSource) return new Worker(new URL('./digest-thread.js', import.meta.url))
  const entry = new URL('./digest-thread.ts', import.meta.url).href
  return new Worker(
    `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(entry)}) })`,
    {
      eval: true,
    },
  )
}
