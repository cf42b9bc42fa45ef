import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { RememberedTexts } from '../../remembered-texts.ts'
import { countTextsBounded, DEFAULT_BUDGET_BYTES, fitsBytes, type TokenCount } from './bounded.ts'
import { startWorker } from './start-worker.ts'
import { type Encoding, tokenizerFor } from './tokenizer.ts'
import type { WorkerJob } from './worker.ts'

export interface TokenCounterOptions {
  /** Up to this many bytes are counted on the calling thread. Default 32 KiB. */
  readonly budgetBytes?: number
  /** Whether bigger texts are counted by a worker thread; without it they are estimated. Default true. */
  readonly worker?: boolean
  /** One call with more bytes than this is estimated. Default 4 MiB: handing over more blocks this thread. */
  readonly maxWorkerBytes?: number
  /** When more calls than this wait for the worker, a further one is estimated. Default 32. */
  readonly maxQueued?: number
  /** Told of every failure of the worker, for logs and metrics; the calls themselves get estimates. */
  readonly onWorkerError?: (error: unknown) => void
  /** Default: the counting thread. */
  readonly startWorker?: () => Worker
}

/** Whoever waits for a count; the signal, which costs something to make, is asked for only when there is a wait. */
export interface Waiting {
  readonly signal: AbortSignal
}

interface Pending extends WorkerJob {
  readonly resolve: (count: TokenCount) => void
}

/** A worker that failed this often in a row is not started again. */
const MAX_FAILURES = 3
/** In each encoding: at most 2 MB, 4 if none is ASCII. */
const REMEMBERED = { texts: 4_000, chars: 2_000_000 }

/**
 * Counts tokens without holding up the event loop: small texts at once, without a promise, big ones in a worker thread
 * that is started at the first need. Where the worker cannot help (off, queue full, crashed, text too big) the count is an
 * estimate, `exact: false`; it is never an error. Exact counts are remembered for a while: of a conversation only what is
 * new is counted, however long it has become.
 */
export class TokenCounter {
  readonly #budgetBytes: number
  readonly #maxWorkerBytes: number
  readonly #maxQueued: number
  readonly #startWorker: () => Worker
  readonly #onWorkerError: ((error: unknown) => void) | undefined
  readonly #queue: Pending[] = []
  readonly #known = new Map<Encoding, RememberedTexts<number>>()
  #running: Pending | undefined
  #worker: Worker | undefined
  #failures = 0
  #workerAllowed: boolean

  constructor(options: TokenCounterOptions = {}) {
    this.#budgetBytes = options.budgetBytes ?? DEFAULT_BUDGET_BYTES
    this.#maxWorkerBytes = options.maxWorkerBytes ?? 4 * 1024 * 1024
    this.#maxQueued = options.maxQueued ?? 32
    this.#startWorker = options.startWorker ?? startWorker
    this.#onWorkerError = options.onWorkerError
    this.#workerAllowed = options.worker ?? true
  }

  count(text: string, encoding: Encoding, waiting?: Waiting): TokenCount | Promise<TokenCount> {
    return this.countTexts([text], encoding, waiting)
  }

  /** @throws the signal's reason, as a rejection, when it aborts before the count is there */
  countTexts(
    texts: readonly string[],
    encoding: Encoding,
    waiting?: Waiting,
  ): TokenCount | Promise<TokenCount> {
    const known = this.#knownIn(encoding)
    let tokens = 0
    const unknown: string[] = []
    for (const text of texts) {
      const count = known.get(text)
      if (count === undefined) unknown.push(text)
      else tokens += count
    }
    if (fitsBytes(unknown, this.#budgetBytes)) {
      const tokenizer = tokenizerFor(encoding)
      for (const text of unknown) {
        const count = tokenizer.count(text)
        known.add(text, count)
        tokens += count
      }
      return { tokens, exact: true }
    }
    const withKnown = (rest: TokenCount): TokenCount => ({ ...rest, tokens: tokens + rest.tokens })
    const workerTakesIt = this.#workerAllowed && this.#queue.length < this.#maxQueued
    return workerTakesIt && fitsBytes(unknown, this.#maxWorkerBytes)
      ? this.#inWorker(unknown, encoding, waiting?.signal).then(withKnown)
      : withKnown(countTextsBounded(unknown, encoding, this.#budgetBytes))
  }

  #knownIn(encoding: Encoding): RememberedTexts<number> {
    const known = this.#known.get(encoding) ?? new RememberedTexts<number>(REMEMBERED)
    this.#known.set(encoding, known)
    return known
  }

  /** Ends the worker; calls that wait for it get estimates. */
  async close(): Promise<void> {
    this.#workerAllowed = false
    await this.#worker?.terminate()
  }

  async #inWorker(texts: readonly string[], encoding: Encoding, signal?: AbortSignal): Promise<TokenCount> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        const at = this.#queue.indexOf(pending)
        if (at >= 0) this.#queue.splice(at, 1)
        reject(signal?.reason)
      }
      const pending: Pending = {
        texts,
        encoding,
        resolve: (count) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(count)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(pending)
      this.#runNext()
    })
  }

  #runNext(): void {
    if (this.#running !== undefined) return
    const pending = this.#queue.shift()
    if (pending === undefined) {
      this.#worker?.unref()
      return
    }
    this.#running = pending
    try {
      this.#worker ??= this.#start()
    } catch (error) {
      this.#onWorkerError?.(error)
      void this.#onExit()
      return
    }
    this.#worker.ref()
    this.#worker.postMessage({ texts: pending.texts, encoding: pending.encoding } satisfies WorkerJob)
  }

  #start(): Worker {
    const worker = this.#startWorker()
    worker.on('message', (counts: readonly number[]) => {
      this.#failures = 0
      const done = this.#running
      this.#running = undefined
      if (done) this.#counted(done, counts)
      this.#runNext()
    })
    // The exit follows, which is where the waiting calls are dealt with.
    worker.on('error', (error) => this.#onWorkerError?.(error))
    worker.on('exit', () => void this.#onExit())
    return worker
  }

  #counted({ texts, encoding, resolve }: Pending, counts: readonly number[]): void {
    const known = this.#knownIn(encoding)
    let tokens = 0
    texts.forEach((text, i) => {
      const count = counts[i] ?? 0
      known.add(text, count)
      tokens += count
    })
    resolve({ tokens, exact: true })
  }

  async #onExit(): Promise<void> {
    this.#worker = undefined
    this.#failures++
    if (this.#failures >= MAX_FAILURES) this.#workerAllowed = false
    const stranded = this.#workerAllowed ? [] : this.#queue.splice(0)
    if (this.#running !== undefined) stranded.unshift(this.#running)
    this.#running = undefined
    if (this.#workerAllowed) this.#runNext()
    for (const pending of stranded) {
      pending.resolve(countTextsBounded(pending.texts, pending.encoding, this.#budgetBytes))
      await nextTurn()
    }
  }
}
