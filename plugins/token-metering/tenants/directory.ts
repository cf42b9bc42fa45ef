import type { Log } from '../../../runner/plugin.ts'
import { withDeadline } from '../store/health.ts'
import type { Tenant } from './tenant.ts'

export interface DirectoryOptions {
  readonly cacheMs: number
  /** Milliseconds that the first request of a consumer waits. */
  readonly deadlineMs: number
  readonly now: () => number
  readonly log: Log
}

interface Cached {
  readonly tenant: Tenant | undefined
  readonly readMs: number
}

const MAX_CACHED = 10_000

/**
 * Tenants as requests see them. Only the first request of a consumer waits for Redis; later ones get what is known
 * while it is read anew in the background. When Redis is away the last known tenant holds; an unknown one is none.
 */
export class TenantDirectory {
  readonly #read: (consumer: string) => Promise<Tenant | undefined>
  readonly #options: DirectoryOptions
  readonly #cached = new Map<string, Cached>()
  readonly #reading = new Map<string, Promise<Tenant | undefined>>()

  constructor(read: (consumer: string) => Promise<Tenant | undefined>, options: DirectoryOptions) {
    this.#read = read
    this.#options = options
  }

  get(consumer: string): Tenant | undefined | Promise<Tenant | undefined> {
    const known = this.#cached.get(consumer)
    if (!known) return this.#first(consumer)
    if (this.#options.now() - known.readMs > this.#options.cacheMs) this.#refresh(consumer).catch(() => {})
    return known.tenant
  }

  async #first(consumer: string): Promise<Tenant | undefined> {
    try {
      return await withDeadline(this.#refresh(consumer), this.#options.deadlineMs)
    } catch (err) {
      this.#options.log.warn({ err }, 'tenant not read; the route conf alone holds')
      return undefined
    }
  }

  #refresh(consumer: string): Promise<Tenant | undefined> {
    let reading = this.#reading.get(consumer)
    if (!reading) {
      reading = this.#read(consumer)
        .then((tenant) => {
          this.#cached.delete(consumer)
          this.#cached.set(consumer, { tenant, readMs: this.#options.now() })
          const [oldest] = this.#cached.keys()
          if (this.#cached.size > MAX_CACHED && oldest !== undefined) this.#cached.delete(oldest)
          return tenant
        })
        .finally(() => this.#reading.delete(consumer))
      this.#reading.set(consumer, reading)
    }
    return reading
  }
}
