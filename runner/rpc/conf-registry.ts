import { createHash } from 'node:crypto'
import type { PrepareConf } from './codec.ts'
import type { ConfRegistry, InstalledConf } from './conf-store.ts'
import { ConfTokens } from './conf-tokens.ts'

interface Registered extends InstalledConf {
  readonly digest: string
  lastPreparedMs: number
}

/**
 * The registry of the process that gives out tokens: the only process, or the supervisor of the workers. `announce`
 * brings a conf to every worker and settles when all have it.
 */
export class LocalConfRegistry implements ConfRegistry {
  readonly #byDigest = new Map<string, Promise<Registered>>()
  readonly #tokens: ConfTokens
  readonly #announce: (conf: InstalledConf) => void | Promise<void>
  readonly #now: () => number

  constructor(announce: (conf: InstalledConf) => void | Promise<void>, now: () => number = Date.now) {
    this.#announce = announce
    this.#tokens = new ConfTokens(now)
    this.#now = now
  }

  async register(message: PrepareConf): Promise<number> {
    const digest = digestOf(message)
    let pending = this.#byDigest.get(digest)
    if (!pending) {
      pending = this.#create(message, digest)
      this.#byDigest.set(digest, pending)
      pending.catch(() => this.#byDigest.delete(digest))
    }
    const registered = await pending
    registered.lastPreparedMs = this.#now()
    await this.#announce({ token: registered.token, key: registered.key, conf: registered.conf })
    return registered.token
  }

  /** All confs that a fresh worker must have before it gets its first connection. */
  async all(): Promise<InstalledConf[]> {
    const settled = await Promise.allSettled(this.#byDigest.values())
    return settled
      .filter((result) => result.status === 'fulfilled')
      .map(({ value: { token, key, conf } }) => ({ token, key, conf }))
  }

  async expire(idleMs: number): Promise<void> {
    const oldest = this.#now() - idleMs
    for (const [digest, pending] of [...this.#byDigest]) {
      const registered = await pending.catch(() => undefined)
      if (registered && registered.lastPreparedMs < oldest) this.#byDigest.delete(digest)
    }
  }

  async #create(message: PrepareConf, digest: string): Promise<Registered> {
    const token = await this.#tokens.next()
    return { token, key: message.key, conf: message.conf, digest, lastPreparedMs: this.#now() }
  }
}

function digestOf(message: PrepareConf): string {
  return createHash('sha256')
    .update(JSON.stringify([message.key, message.conf]))
    .digest('base64')
}
