import { RunnerError } from '../../../runner/plugin.ts'
import type { CacheEntry, CacheStore, Candidate } from './cache-store.ts'

export type StoreOperation = 'get' | 'nearest' | 'put' | 'claim' | 'isClaimed' | 'release'
export type StoreFailure = 'late' | 'failed' | 'resting'

export interface GuardOptions {
  /** A request waits no longer than this. */
  readonly readMs: number
  /** Nobody waits for a write. */
  readonly writeMs: number
  /** Failures in a row after which the store is left alone. */
  readonly failures?: number
  /** First pause; doubles with each failed try, up to `maxPauseMs`. */
  readonly pauseMs?: number
  readonly maxPauseMs?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly report?: (operation: StoreOperation, failure: StoreFailure) => void
}

/**
 * Deadlines and a circuit breaker around a store. A late store is STORE_UNAVAILABLE, which a lookup takes for a
 * miss; one that has failed several times in a row is not asked for a while, then by one call.
 */
export class GuardedCacheStore implements CacheStore {
  readonly #inner: CacheStore
  readonly #options: Required<GuardOptions>
  #failed = 0
  #pauseMs = 0
  #openUntil = 0
  #trying = false

  constructor(inner: CacheStore, options: GuardOptions) {
    this.#inner = inner
    this.#options = {
      failures: 5,
      pauseMs: 1000,
      maxPauseMs: 15_000,
      now: () => performance.now(),
      report: () => {},
      ...options,
    }
  }

  get(scope: string, key: string): Promise<CacheEntry | undefined> {
    return this.#run('get', () => this.#inner.get(scope, key))
  }

  nearest(
    scope: string,
    context: string,
    vector: Float32Array,
    count: number,
    atLeast?: number,
  ): Promise<readonly Candidate[]> {
    return this.#run('nearest', () => this.#inner.nearest(scope, context, vector, count, atLeast))
  }

  put(entry: CacheEntry, vector: Float32Array | undefined): Promise<void> {
    return this.#run('put', () => this.#inner.put(entry, vector))
  }

  /** Not judged: it may only be noted down now and written later. */
  used(scope: string, key: string, similarity: number): Promise<void> {
    return this.#inner.used(scope, key, similarity)
  }

  claim(scope: string, key: string, ttlMs: number): Promise<boolean> {
    return this.#run('claim', () => this.#inner.claim(scope, key, ttlMs))
  }

  isClaimed(scope: string, key: string): Promise<boolean> {
    return this.#run('isClaimed', () => this.#inner.isClaimed(scope, key))
  }

  release(scope: string, key: string): Promise<void> {
    return this.#run('release', () => this.#inner.release(scope, key))
  }

  #run<T>(operation: StoreOperation, ask: () => Promise<T>): Promise<T> {
    const { failures, now, readMs, writeMs } = this.#options
    const resting = this.#failed >= failures
    if (resting && (this.#trying || now() < this.#openUntil)) {
      this.#options.report(operation, 'resting')
      return Promise.reject(unavailable(operation, 'is resting after repeated failures'))
    }
    if (resting) this.#trying = true
    return new Promise<T>((resolve, reject) => {
      const deadlineMs = operation === 'put' ? writeMs : readMs
      let isLate = false
      // A timer each: AbortSignal.timeout costs several times as much.
      const timer = setTimeout(() => {
        isLate = true
        this.#fail(operation, 'late', resting)
        reject(unavailable(operation, `took longer than ${deadlineMs} ms`))
      }, deadlineMs)
      ask().then(
        (value) => {
          if (isLate) return
          clearTimeout(timer)
          this.#succeed(resting)
          resolve(value)
        },
        (cause: unknown) => {
          if (isLate) return
          clearTimeout(timer)
          this.#fail(operation, 'failed', resting)
          reject(unavailable(operation, 'failed', cause))
        },
      )
    })
  }

  #succeed(wasTry: boolean): void {
    // A late success of a call from before says little about now.
    if (this.#failed >= this.#options.failures && !wasTry) return
    this.#failed = 0
    this.#pauseMs = 0
    if (wasTry) this.#trying = false
  }

  #fail(operation: StoreOperation, failure: StoreFailure, wasTry: boolean): void {
    this.#options.report(operation, failure)
    if (wasTry) this.#trying = false
    const { failures, pauseMs, maxPauseMs, now } = this.#options
    this.#failed++
    if (this.#failed < failures || (!wasTry && this.#failed > failures)) return
    this.#pauseMs = Math.min(maxPauseMs, this.#pauseMs === 0 ? pauseMs : this.#pauseMs * 2)
    this.#openUntil = now() + this.#pauseMs
  }
}

function unavailable(operation: string, what: string, cause?: unknown): RunnerError {
  return new RunnerError(
    'STORE_UNAVAILABLE',
    `cache store: ${operation} ${what}`,
    cause === undefined ? {} : { cause },
  )
}
