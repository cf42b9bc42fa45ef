import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

export interface ScriptCall {
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

/** A Lua script, called by its SHA-1; the text is sent only to a server that does not know it (restart, failover). */
export class LuaScript {
  readonly #text: string
  readonly #sha: string

  constructor(text: string) {
    this.#text = text
    this.#sha = createHash('sha1').update(text).digest('hex')
  }

  async run(redis: Redis, { keys, args }: ScriptCall): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return redis.eval(this.#text, keys.length, ...keys, ...args)
    }
  }

  /**
   * One round trip for all calls; each is atomic by itself. In a cluster the keys of all calls must share a slot.
   * @returns for each call its reply, or the error that it ended with.
   */
  async runAll(redis: Redis, calls: readonly ScriptCall[]): Promise<readonly (unknown | Error)[]> {
    const replies = await this.#pipeline(redis, calls)
    const unknown = replies.flatMap((reply, i) => (isUnknownScript(reply) ? [i] : []))
    if (unknown.length === 0) return replies
    await redis.script('LOAD', this.#text)
    const again = await this.#pipeline(
      redis,
      unknown.map((i) => calls[i] as ScriptCall),
    )
    const repaired = [...replies]
    for (const [n, i] of unknown.entries()) repaired[i] = again[n]
    return repaired
  }

  async #pipeline(redis: Redis, calls: readonly ScriptCall[]): Promise<readonly (unknown | Error)[]> {
    const pipeline = redis.pipeline()
    for (const { keys, args } of calls) pipeline.evalsha(this.#sha, keys.length, ...keys, ...args)
    const replies = (await pipeline.exec()) ?? []
    return replies.map(([error, reply]) => error ?? reply)
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
