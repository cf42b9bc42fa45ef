interface Entry {
  readonly token: number
  readonly version: string
  readonly untilMs: number
}

/**
 * Conf tokens in the two layers of ext-plugin/init.lua: a worker's lrucache per plugin place, good for the whole
 * expire time, over a dict shared by all workers, good for 0.9 of it. Only one token is prepared at a time.
 */
export class TokenCache {
  readonly #expireMs: number
  readonly #local = new Map<string, Entry>()
  readonly #shared = new Map<string, { token: number; untilMs: number }>()
  #lock: Promise<unknown> = Promise.resolve()
  readonly #pending = new Map<string, Promise<number>>()

  constructor(expireSeconds: number) {
    this.#expireMs = expireSeconds * 1000
  }

  /**
   * @param place `route#<id>#ext-plugin-pre-req`
   * @param version the conf version; `<place>#<version>` is the key that the runner sees
   * @param prepare asks the runner for a token
   */
  get(place: string, version: string, prepare: (key: string) => Promise<number>): number | Promise<number> {
    const known = this.#local.get(place)
    if (known !== undefined && known.version === version && known.untilMs > Date.now()) return known.token
    const key = `${place}#${version}`
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      pending = this.#prepareOnce(place, version, key, prepare).finally(() => this.#pending.delete(key))
      this.#pending.set(key, pending)
    }
    return pending
  }

  /** `recreate_lrucache`: every token is forgotten, not only the one the runner did not know. */
  flush(): void {
    this.#local.clear()
    this.#shared.clear()
  }

  async #prepareOnce(
    place: string,
    version: string,
    key: string,
    prepare: (key: string) => Promise<number>,
  ): Promise<number> {
    const mine = this.#lock.then(() => this.#fetchOrPrepare(key, prepare))
    this.#lock = mine.catch(() => {})
    const token = await mine
    this.#local.set(place, { token, version, untilMs: Date.now() + this.#expireMs })
    return token
  }

  async #fetchOrPrepare(key: string, prepare: (key: string) => Promise<number>): Promise<number> {
    const shared = this.#shared.get(key)
    if (shared !== undefined && shared.untilMs > Date.now()) return shared.token
    const token = await prepare(key)
    this.#shared.set(key, { token, untilMs: Date.now() + this.#expireMs * 0.9 })
    return token
  }
}
