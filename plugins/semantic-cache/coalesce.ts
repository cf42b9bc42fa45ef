import type { CacheEntry, CacheStore } from './store/cache-store.ts'

/** `vain`: the bound has passed. `failed`: the leader ended without an answer that may be shared. */
export type Waited = { readonly entry: CacheEntry } | 'vain' | 'failed'

const FIRST_POLL_MS = 10
const MAX_POLL_MS = 200

/**
 * Waits for the answer that an equal request is fetching right now. The answer comes through the log, maybe in another
 * process or on another machine, so the store is where to look; in one process equal requests look together.
 */
export class Coalescer {
  readonly #store: CacheStore
  readonly #watched = new Map<string, { readonly found: Promise<Waited>; waiting: number }>()

  constructor(store: CacheStore) {
    this.#store = store
  }

  /** Never throws. */
  wait(scope: string, key: string, withinMs: number): Promise<Waited> {
    const id = JSON.stringify([scope, key])
    const watch = this.#watched.get(id) ?? { found: this.#watch(id, scope, key), waiting: 0 }
    watch.waiting++
    this.#watched.set(id, watch)
    return new Promise<Waited>((resolve) => {
      const timer = setTimeout(() => resolve('vain'), withinMs)
      void watch.found.then((found) => {
        clearTimeout(timer)
        resolve(found)
      })
    }).finally(() => {
      watch.waiting--
    })
  }

  async #watch(id: string, scope: string, key: string): Promise<Waited> {
    try {
      for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(MAX_POLL_MS, pauseMs * 1.5)) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
        if ((this.#watched.get(id)?.waiting ?? 0) === 0) return 'vain'
        // In this order: the entry is there before the claim goes.
        const isClaimed = await this.#store.isClaimed(scope, key)
        const entry = await this.#store.get(scope, key)
        if (entry) return { entry }
        if (!isClaimed) return 'failed'
      }
    } catch {
      return 'failed'
    } finally {
      this.#watched.delete(id)
    }
  }
}
